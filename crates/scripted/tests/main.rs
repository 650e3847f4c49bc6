//! Scripts as a project has them: read from files, run for real by a shell, and everything that can be wrong with them.

mod bounds;
mod mistakes;
mod stage;
mod work;
