//! Strict templates: how values of a deploy sheet take in variables (`{{ vars.release }}`) and how a `when` is decided.
//!
//! [`Templates::compile`] reads a text once; the [`Template`] is then rendered once per host over a [`Context`]. An unknown name
//! is an error that names it and its nearest neighbour, never an empty text. Templates include nothing, load nothing, escape
//! nothing for HTML, and stop after a fixed amount of work.
//!
//! Only the operator's own data ever enters a template: the sheet's variables and the inventory's. What a host printed never
//! does, so that no host can write a template.

mod condition;
mod context;
mod error;
mod shell;
mod template;
mod templates;
#[cfg(test)]
mod tests;
mod value_template;

pub use context::Context;
pub use error::TemplateError;
pub use template::Template;
pub use templates::Templates;
pub use value_template::ValueTemplate;
