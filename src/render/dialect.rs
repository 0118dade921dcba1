//! What a team's own template may say: a part of the language in which nothing grows and nothing is computed.
//!
//! Values come from the report alone. They are printed, chosen from and looped over; text is not put together and no
//! list is made of values, so that nothing in memory becomes larger than the report, and what is written goes straight
//! into an output that is capped. Instructions are counted when it is rendered.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Longest template, in bytes.
const LONGEST: usize = 256 * 1024;

/// Most words and signs between the two ends of a tag: what is read in it may be as deep.
const WORDS: usize = 200;

/// Deepest nesting of tags.
const DEEPEST: usize = 30;

/// Tags that can be used.
const TAGS: [&str; 12] = [
    "if", "elif", "else", "endif", "for", "endfor", "block", "endblock", "extends", "import",
    "from", "set",
];

/// Filters that can be used: none of them makes text longer, joins it or takes its escapes away.
const FILTERS: [&str; 27] = [
    "abs",
    "address",
    "capitalize",
    "count",
    "d",
    "default",
    "first",
    "float",
    "groupby",
    "int",
    "items",
    "last",
    "length",
    "lower",
    "max",
    "mermaid",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "trim",
    "unique",
    "upper",
];

/// Words after which a bracket begins something new instead of calling or indexing.
const KEYWORDS: [&str; 13] = [
    "if", "elif", "else", "for", "in", "is", "not", "and", "or", "import", "from", "extends",
    "block",
];

/// What a bracket is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Call,
    Group,
    Index,
    List,
}

/// What stood before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Pipe,
    Dot,
    /// Something that has a value, so that a bracket calls or indexes it.
    Value,
    TagBegin,
    Other,
}

/// Where and what: the first thing that is not for templates.
pub(super) type Objection = (usize, String);

/// Reads a template's tokens. What is not even a template is left to the parser.
pub(super) fn check(source: &str, syntax: SyntaxConfig) -> Result<(), Objection> {
    if source.len() > LONGEST {
        return Err((1, format!("it is longer than {} KiB", LONGEST / 1024)));
    }
    // Lines are counted in sixteen bits by the parser.
    if source.lines().count() > 10_000 {
        return Err((1, "it has more than 10,000 lines".to_owned()));
    }
    let mut reader = Reader::default();
    for token in tokenize(source, false, syntax) {
        let Ok((token, span)) = token else {
            return Ok(());
        };
        reader
            .take(&token)
            .map_err(|what| (usize::from(span.start_line), what))?;
    }
    Ok(())
}

/// Where in a tag the reader is.
struct Reader {
    before: Before,
    brackets: Vec<Bracket>,
    tag: String,
    /// Words and signs of this tag so far.
    words: usize,
    /// How deep the tags are nested, and how deep it was before each that is open.
    depth: usize,
    open: Vec<usize>,
    /// Whether the word that parts targets from values was read: `in` or `=`.
    parted: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            before: Before::Other,
            brackets: Vec::new(),
            tag: String::new(),
            words: 0,
            depth: 0,
            open: Vec::new(),
            parted: false,
        }
    }
}

impl Reader {
    fn take(&mut self, token: &Token<'_>) -> Result<(), String> {
        self.words += 1;
        if self.words > WORDS {
            return Err(format!(
                "more than {WORDS} words and signs stand in one tag"
            ));
        }
        self.before = match token {
            Token::TemplateData(_)
            | Token::BlockStart
            | Token::BlockEnd
            | Token::VariableStart
            | Token::VariableEnd => self.edge(token)?,
            Token::Ident(word) => self.word(word)?,
            Token::Plus | Token::Tilde | Token::Mul | Token::Pow => {
                return Err(format!(
                    "{token} puts values together, which templates cannot: write them one after the other"
                ));
            }
            Token::BraceOpen | Token::BraceClose => {
                return Err("templates make no maps: use the values as they are".to_owned());
            }
            Token::ParenOpen => self.bracket(Bracket::Call, Bracket::Group)?,
            Token::BracketOpen => self.bracket(Bracket::Index, Bracket::List)?,
            Token::ParenClose | Token::BracketClose => {
                self.brackets.pop();
                Before::Value
            }
            Token::Comma => self.comma()?,
            Token::Assign => {
                self.parted = true;
                Before::Other
            }
            Token::Pipe => Before::Pipe,
            Token::Dot => Before::Dot,
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_) => Before::Value,
            Token::Minus
            | Token::Div
            | Token::FloorDiv
            | Token::Mod
            | Token::Colon
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => Before::Other,
        };
        Ok(())
    }

    /// A tag begins or ends.
    fn edge(&mut self, token: &Token<'_>) -> Result<Before, String> {
        if matches!(token, Token::BlockEnd) && self.tag == "set" && !self.parted {
            return Err("`set` without `=` keeps text, which templates cannot".to_owned());
        }
        self.brackets.clear();
        self.tag.clear();
        (self.words, self.parted) = (0, false);
        Ok(if matches!(token, Token::BlockStart) {
            Before::TagBegin
        } else {
            Before::Other
        })
    }

    fn comma(&self) -> Result<Before, String> {
        let allowed = match self.brackets.last() {
            // The names that a loop gives, and those that are imported.
            None => self.tag == "from" || (self.tag == "for" && !self.parted),
            Some(bracket) => matches!(bracket, Bracket::Call | Bracket::List),
        };
        if !allowed {
            return Err("a list of values cannot be made here".to_owned());
        }
        Ok(Before::Other)
    }

    /// Opens the one where a value stands before it, else the other.
    fn bracket(&mut self, after_value: Bracket, alone: Bracket) -> Result<Before, String> {
        if self.is_in_list() {
            return Err(LITERALS.to_owned());
        }
        self.brackets.push(if self.before == Before::Value {
            after_value
        } else {
            alone
        });
        Ok(Before::Other)
    }

    fn is_in_list(&self) -> bool {
        self.brackets.last() == Some(&Bracket::List)
    }

    /// Every `elif` is one deeper, as the language reads it.
    fn nest(&mut self, tag: &str) -> Result<(), String> {
        match tag {
            "if" | "for" | "block" => {
                self.open.push(self.depth);
                self.depth += 1;
            }
            "elif" => self.depth += 1,
            "endif" | "endfor" | "endblock" => self.depth = self.open.pop().unwrap_or_default(),
            _ => {}
        }
        if self.depth > DEEPEST {
            return Err(format!("tags are nested deeper than {DEEPEST}"));
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<Before, String> {
        match self.before {
            Before::TagBegin => {
                if !TAGS.contains(&word) {
                    return Err(format!("the tag `{word}` is not for templates"));
                }
                word.clone_into(&mut self.tag);
                self.nest(word)?;
                return Ok(Before::Other);
            }
            Before::Pipe if !FILTERS.contains(&word) => {
                return Err(format!("there is no filter `{word}` for templates"));
            }
            Before::Pipe | Before::Dot => return Ok(Before::Value),
            Before::Value | Before::Other => {}
        }
        if self.is_in_list() && !["true", "false", "none"].contains(&word) {
            return Err(LITERALS.to_owned());
        }
        if word == "self" || word == "recursive" {
            return Err(format!("`{word}` is not for templates"));
        }
        if word == "in" {
            self.parted = true;
        }
        Ok(if KEYWORDS.contains(&word) {
            Before::Other
        } else {
            Before::Value
        })
    }
}

const LITERALS: &str = "a list may hold only texts and numbers that stand in it";
