use serde_yaml::options::{AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{Budget, Options, alias_limits, budget, options};

/// The deepest nesting of lists and maps that is read.
const DEEPEST: usize = 32;

/// The most values (texts, lists and maps) of a document: an inventory of 100,000 hosts with some variables each has fewer.
const MOST_VALUES: usize = 4_000_000;

/// The most values that aliases may repeat: shared settings need few, a document that explodes (a "billion laughs") many.
const MOST_REPEATED: usize = 100_000;

/// How every YAML file of runsheet is read. Part of our file format: a changed option changes what people's files mean.
pub(crate) fn options() -> Options {
    options! {
        budget: limits(),
        alias_limits: repeats(),
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        // `no`, `on` and `off` stay texts, and so do `0644` and `1_000` where no type is asked for: a country code, a file mode
        // or a version must not turn into something else.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        reject_tagged_field_names: true,
        emit_comments: false,
        with_snippet: false,
    }
}

fn limits() -> Option<Budget> {
    budget! {
        max_depth: DEEPEST,
        flow_nesting_limit: DEEPEST,
        max_documents: 1,
        max_nodes: MOST_VALUES,
        max_events: 2 * MOST_VALUES,
        // The ratio is a guess about bombs; what aliases repeat is counted exactly instead.
        enforce_alias_anchor_ratio: false,
    }
}

fn repeats() -> AliasLimits {
    alias_limits! {
        max_total_replayed_events: MOST_REPEATED,
        max_replay_stack_depth: DEEPEST,
    }
}
