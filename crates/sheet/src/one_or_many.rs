use std::fmt;
use std::marker::PhantomData;

use runsheet_yaml::Spanned;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// One text, or a list of them.
#[derive(Debug)]
pub(crate) enum OneOrMany<K> {
    One(String),
    Many(Vec<Spanned<String>>, PhantomData<K>),
}

/// What such texts are.
pub(crate) trait Kind {
    /// What is expected, for messages.
    const EXPECTED: &'static str;
}

/// Ids of steps.
#[derive(Debug)]
pub(crate) struct Ids;

/// Files of this machine.
#[derive(Debug)]
pub(crate) struct Files;

impl Kind for Ids {
    const EXPECTED: &'static str = "the id of a step or a list of ids";
}

impl Kind for Files {
    const EXPECTED: &'static str = "the path of a file or a list of paths";
}

impl<'de, K: Kind> Deserialize<'de> for OneOrMany<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

struct OneOrManyVisitor<K>(PhantomData<K>);

impl<'de, K: Kind> Visitor<'de> for OneOrManyVisitor<K> {
    type Value = OneOrMany<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::EXPECTED)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_u64<E>(self, text: u64) -> Result<Self::Value, E> {
        Ok(OneOrMany::One(text.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(OneOrMany::Many(texts, PhantomData))
    }
}
