//! What speaks for a verdict, and how far it can be trusted.

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What kind of fact speaks.
    pub kind: EvidenceKind,
    /// It speaks of failure; else of rework.
    pub of_failure: bool,
    /// The event, deployment or change that says so.
    pub event: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

/// What kind of fact speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceKind {
    /// An incident blamed on the deployment.
    Incident,
    /// A later deployment brought back an earlier version.
    Rollback,
    /// A later deployment took one of its changes back.
    Revert,
    /// The next deployment was a hotfix.
    Hotfix,
    /// A person said so.
    Manual,
    /// It repaired something.
    FixedBy,
    /// A label said so.
    Labelled,
}

impl EvidenceKind {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Rollback => "rollback",
            Self::Revert => "revert",
            Self::Hotfix => "hotfix",
            Self::Manual => "manual",
            Self::FixedBy => "fixed_by",
            Self::Labelled => "labelled",
        }
    }
}

/// How far a piece of evidence can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// Somebody named the deployment, or git shows it.
    Certain,
    /// A convention says so.
    Likely,
    /// Only the clock says so.
    Estimated,
}

impl Confidence {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Estimated => "estimated",
        }
    }
}

/// Kinds of rework, in the order in which the first that fits wins (rule RW1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReworkKind {
    /// Brought back an earlier version.
    Rollback,
    /// Took a change back.
    Revert,
    /// Called a hotfix.
    Hotfix,
    /// Named as the repair of an incident or of a failed deployment.
    FixedBy,
    /// Labelled as rework.
    Labelled,
}

impl ReworkKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] = [
        Self::Rollback,
        Self::Revert,
        Self::Hotfix,
        Self::FixedBy,
        Self::Labelled,
    ];

    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Revert => "revert",
            Self::Hotfix => "hotfix",
            Self::FixedBy => "fixed_by",
            Self::Labelled => "labelled",
        }
    }

    pub(super) fn evidence(self) -> EvidenceKind {
        match self {
            Self::Rollback => EvidenceKind::Rollback,
            Self::Revert => EvidenceKind::Revert,
            Self::Hotfix => EvidenceKind::Hotfix,
            Self::FixedBy => EvidenceKind::FixedBy,
            Self::Labelled => EvidenceKind::Labelled,
        }
    }
}
