//! Folders of locks: what stands in them, and what others put there.

mod folders;
