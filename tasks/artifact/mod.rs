//! Artifacts: files of which a checksum says what they hold.

mod push;
mod verify;

use runsheet_task::Registry;

use crate::module::register;

/// Adds them to the registry.
pub(crate) fn tasks(registry: &mut Registry) {
    register!(registry, push, verify);
}
