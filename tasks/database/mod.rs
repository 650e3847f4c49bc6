//! What the tasks for databases share, whatever the database is: how a password and a text reach a host, which files a folder of
//! migrations has and which of them are still to be applied, and what a backup is.
//!
//! Nothing here knows a database; that is the part of `postgres` and `mysql`.

mod access;
mod backup;
mod input;
mod migrations;
mod statements;

pub(crate) use access::{Access, access_args};
pub(crate) use backup::{BACKUP, Backup, backup_path};
pub(crate) use input::PRIVATE;
pub(crate) use migrations::{Migrations, Recorded, all_applied, migration_args, named, table};
pub(crate) use statements::{sql_args, statements, values};
