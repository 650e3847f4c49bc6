//! Rows of timing in PostgreSQL.

mod database;
mod row;
mod rows;
mod settings;
mod sink;
mod tls;

pub use settings::PostgresSettings;
pub(crate) use sink::Postgres;
