//! Where the timing of a run goes: each reads the record by position and keeps its own.
