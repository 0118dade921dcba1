//! GraphQL documents: the part of the language that clients write, variables already put in their places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// What is asked of an object.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    Field {
        /// The key in the answer.
        key: String,
        name: String,
        args: Map<String, Value>,
        inner: Vec<Selection>,
        /// Characters before it.
        place: usize,
    },
    /// `... on Type`, or without a type.
    Inline {
        on: Option<String>,
        inner: Vec<Selection>,
    },
    Spread(String),
}

/// A document with one operation.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) is_mutation: bool,
    pub(crate) name: String,
    pub(crate) selections: Vec<Selection>,
    /// By name: the type it is on, and what it selects.
    pub(crate) fragments: BTreeMap<String, (String, Vec<Selection>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Mark(String),
    Literal(Value),
}

struct Parser<'v> {
    tokens: Vec<Token>,
    /// Characters before each.
    places: Vec<usize>,
    at: usize,
    variables: &'v Value,
    declared: BTreeSet<String>,
    used: BTreeSet<String>,
}

/// Reads a document; the error is a sentence as GitHub would say it.
pub(crate) fn parse(text: &str, variables: &Value) -> Result<Document, String> {
    let (tokens, places) = tokens(text)?;
    let mut parser = Parser {
        tokens,
        places,
        at: 0,
        variables,
        declared: BTreeSet::new(),
        used: BTreeSet::new(),
    };
    let mut found: Option<Document> = None;
    let mut fragments = BTreeMap::new();
    while parser.at < parser.tokens.len() {
        match parser.name()?.as_str() {
            "fragment" => {
                let name = parser.name()?;
                parser.word("on")?;
                let on = parser.name()?;
                fragments.insert(name, (on, parser.selections()?));
            }
            kind @ ("query" | "mutation") => {
                if found.is_some() {
                    return Err("An operation name is required".to_owned());
                }
                found = Some(parser.operation(kind == "mutation")?);
            }
            other => return Err(format!("Expected a definition, got {other:?}")),
        }
    }
    let unused: Vec<_> = parser.declared.difference(&parser.used).collect();
    if let Some(name) = unused.first() {
        return Err(format!("Variable ${name} is declared but not used"));
    }
    if let Some(name) = parser.used.difference(&parser.declared).next() {
        return Err(format!("Variable ${name} is used but not declared"));
    }
    let mut document = found.ok_or("The document has no operation")?;
    document.fragments = fragments;
    Ok(document)
}

impl Parser<'_> {
    fn operation(&mut self, is_mutation: bool) -> Result<Document, String> {
        let name = if self.peek("(") || self.peek("{") {
            String::new()
        } else {
            self.name()?
        };
        if self.take("(") {
            while !self.take(")") {
                self.mark("$")?;
                let variable = self.name()?;
                self.mark(":")?;
                let required = self.kind()?;
                if required && self.variables[&variable].is_null() {
                    return Err(format!(
                        "Variable ${variable} was provided invalid value (Expected value to not be null)"
                    ));
                }
                self.declared.insert(variable);
            }
        }
        Ok(Document {
            is_mutation,
            name,
            selections: self.selections()?,
            fragments: BTreeMap::new(),
        })
    }

    /// A type; true where it must not be null.
    fn kind(&mut self) -> Result<bool, String> {
        if self.take("[") {
            self.kind()?;
            self.mark("]")?;
        } else {
            self.name()?;
        }
        Ok(self.take("!"))
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.mark("{")?;
        let mut found = Vec::new();
        while !self.take("}") {
            found.push(self.selection()?);
        }
        if found.is_empty() {
            return Err("Field must have selections".to_owned());
        }
        Ok(found)
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.take("...") {
            if self.peek("{") {
                let inner = self.selections()?;
                return Ok(Selection::Inline { on: None, inner });
            }
            let name = self.name()?;
            if name != "on" {
                return Ok(Selection::Spread(name));
            }
            let on = Some(self.name()?);
            let inner = self.selections()?;
            return Ok(Selection::Inline { on, inner });
        }
        let place = self.places.get(self.at).copied().unwrap_or(0);
        let key = self.name()?;
        let name = if self.take(":") {
            self.name()?
        } else {
            key.clone()
        };
        let mut args = Map::new();
        if self.take("(") {
            while !self.take(")") {
                let arg = self.name()?;
                self.mark(":")?;
                args.insert(arg, self.value()?);
            }
        }
        let inner = if self.peek("{") {
            self.selections()?
        } else {
            Vec::new()
        };
        Ok(Selection::Field {
            key,
            name,
            args,
            inner,
            place,
        })
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.take("$") {
            let name = self.name()?;
            let value = self.variables[&name].clone();
            self.used.insert(name);
            return Ok(value);
        }
        if self.take("[") {
            let mut list = Vec::new();
            while !self.take("]") {
                list.push(self.value()?);
            }
            return Ok(Value::Array(list));
        }
        if self.take("{") {
            let mut object = Map::new();
            while !self.take("}") {
                let name = self.name()?;
                self.mark(":")?;
                object.insert(name, self.value()?);
            }
            return Ok(Value::Object(object));
        }
        match self.next()? {
            Token::Literal(value) => Ok(value),
            Token::Name(name) => Ok(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(name),
            }),
            Token::Mark(mark) => Err(format!("Expected a value, got {mark:?}")),
        }
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| "Unexpected end of document".to_owned())
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Name(name) => Ok(name),
            other @ (Token::Mark(_) | Token::Literal(_)) => {
                Err(format!("Expected a name, got {other:?}"))
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        let found = self.name()?;
        (found == word)
            .then_some(())
            .ok_or_else(|| format!("Expected {word:?}, got {found:?}"))
    }

    fn mark(&mut self, mark: &str) -> Result<(), String> {
        let got = self.tokens.get(self.at).cloned();
        self.take(mark)
            .then_some(())
            .ok_or_else(|| format!("Expected {mark:?}, got {got:?}"))
    }

    fn peek(&self, mark: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Mark(found)) if found == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let there = self.peek(mark);
        self.at += usize::from(there);
        there
    }
}

fn tokens(text: &str) -> Result<(Vec<Token>, Vec<usize>), String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut places) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        let run = |from: usize, keep: fn(char) -> bool| {
            chars[from..].iter().take_while(|c| keep(**c)).count()
        };
        let before = at;
        if first.is_whitespace() || first == ',' {
            at += 1;
        } else if first == '#' {
            at += run(at, |c| c != '\n');
        } else if first == '.' {
            if run(at, |c| c == '.') != 3 {
                return Err(format!("Unexpected dots at {at}"));
            }
            found.push(Token::Mark("...".to_owned()));
            at += 3;
        } else if "{}()[]:!$=".contains(first) {
            found.push(Token::Mark(first.to_string()));
            at += 1;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let len = run(at, |c| c.is_ascii_alphanumeric() || c == '_');
            found.push(Token::Name(chars[at..at + len].iter().collect()));
            at += len;
        } else {
            let len = if first == '"' {
                string_length(&chars[at..])
            } else {
                run(at, |c| c.is_ascii_digit() || "-+.eE".contains(c))
            };
            let raw: String = chars[at..at + len].iter().collect();
            let value = serde_json::from_str(&raw);
            found.push(Token::Literal(
                value.map_err(|e| format!("Unexpected {first:?} at {at}: {e}"))?,
            ));
            at += len;
        }
        places.resize(found.len(), before);
    }
    Ok((found, places))
}

/// Characters of a string with its quotes.
fn string_length(chars: &[char]) -> usize {
    let mut escaped = false;
    for (n, c) in chars.iter().enumerate().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return n + 1,
            _ => {}
        }
    }
    chars.len()
}
