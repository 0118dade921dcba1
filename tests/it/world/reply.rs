//! An answer before it goes on the wire.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

/// Status, headers, body, and what happens to them on the way.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) mime: &'static str,
    pub(crate) delay: Option<Duration>,
    /// The connection breaks instead.
    pub(crate) lost: bool,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
            mime: "application/json; charset=utf-8",
            delay: None,
            lost: false,
        }
    }

    /// A refusal of REST.
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        let documentation = "https://docs.github.com/rest";
        let body = json!({ "message": message, "documentation_url": documentation,
            "status": status.to_string() });
        Self::json(status, &body)
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self {
            mime: "text/html",
            body: body.to_owned(),
            ..Self::json(status, &Value::Null)
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(old, _)| *old != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn template(&self) -> ResponseTemplate {
        let mut template = ResponseTemplate::new(self.status);
        for (name, value) in &self.headers {
            template = template.insert_header(*name, value.as_str());
        }
        if let Some(delay) = self.delay {
            template = template.set_delay(delay);
        }
        template.set_body_raw(self.body.as_bytes().to_vec(), self.mime)
    }
}
