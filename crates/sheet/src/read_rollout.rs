use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{Share, StepId};
use runsheet_yaml::Spanned;
use serde_json::Value;

use crate::raw::{RawStep, RawUndo};
use crate::reader::Reader;
use crate::{FailurePolicy, OnFailure, Order, Pause, Rollout, Scope, Shape, SheetError, Straggler, Undo};

/// The most often that a task is tried again.
const MOST_RETRIES: u32 = 100;

impl Reader<'_> {
    /// Reads how a step goes through its hosts.
    pub(crate) fn rollout(&self, raw: &mut RawStep, place: &Place) -> Result<Rollout, SheetError> {
        let clash = |word, with| Err(SheetError::Clash { word, with, place: place.clone() });
        let alone = |word, needs| Err(SheetError::Alone { word, needs, place: place.clone() });
        let order = raw.order.take().map(|order| self.order(order)).transpose()?.unwrap_or_default();
        let once = raw.once.unwrap_or(false);
        let words = [("window", raw.window.is_some()), ("waves", raw.waves.is_some()), ("batch", raw.batch.is_some())];
        let mut shapes = words.iter().filter(|(_, is)| *is).map(|(word, _)| *word);
        match (shapes.next(), shapes.next()) {
            (Some(word), Some(with)) => return clash(with, word),
            (Some(word), None) if once => return clash(word, "once"),
            _ => {}
        }
        if raw.floor.is_some() && raw.window.is_none() {
            return alone("floor", "a `window`");
        }
        let by_variable = matches!(order, Order::By(_));
        if raw.pause.is_some() && raw.batch.is_none() && raw.waves.is_none() && !by_variable {
            return alone("pause", "`batch` or `waves`");
        }
        if by_variable && raw.waves.is_some() {
            return clash("waves", "order: {by: …}");
        }
        let shape = match (raw.batch.take(), raw.waves.take(), raw.window.take()) {
            (Some(batch), ..) => Shape::Waves(vec![self.some_hosts("batch", batch)?]),
            (_, Some(waves), _) => {
                if waves.value.is_empty() {
                    return Err(SheetError::Empty { word: "waves", place: self.at(&waves) });
                }
                let sizes = waves.value.into_iter().map(|wave| self.some_hosts("waves", wave));
                Shape::Waves(sizes.collect::<Result<_, _>>()?)
            }
            (.., Some(window)) => Shape::Window {
                size: self.some_hosts("window", window)?,
                floor: raw.floor.take().map(|floor| self.share("floor", floor)).transpose()?,
            },
            _ => Shape::Whole,
        };
        let pause = raw.pause.take().map(|pause| self.pause(&pause)).transpose()?;
        Ok(Rollout { shape, pause, order, once })
    }

    /// Reads what happens when hosts of a step fail.
    pub(crate) fn policy(&self, raw: &mut RawStep, place: &Place) -> Result<FailurePolicy, SheetError> {
        let in_waves = raw.batch.is_some() || raw.waves.is_some() || raw.order.is_some();
        let of = raw.of.take();
        let of = match of.as_ref().map(|of| of.value.as_str()) {
            None | Some("step") => Scope::Step,
            Some("wave") if in_waves => Scope::Wave,
            Some("wave") => {
                return Err(SheetError::Alone { word: "of: wave", needs: "`batch` or `waves`", place: place.clone() });
            }
            Some(_) => return Err(self.no_choice("of", "`step` or `wave`", of.as_ref(), place)),
        };
        let on_failure = raw.on_failure.take();
        let on_failure = match on_failure.as_ref().map(|word| word.value.as_str()) {
            None | Some("stop") => OnFailure::Stop,
            Some("continue") => OnFailure::Continue,
            Some("rollback") => OnFailure::Rollback,
            Some(_) => {
                let choices = "`stop`, `continue` or `rollback`";
                return Err(self.no_choice("on_failure", choices, on_failure.as_ref(), place));
            }
        };
        let straggler = raw.straggler.take();
        let straggler = match straggler.as_ref().map(|word| word.value.as_str()) {
            None | Some("warn") => Straggler::Warn,
            Some("exclude") => Straggler::Exclude,
            Some("fail") => Straggler::Fail,
            Some(_) => {
                return Err(self.no_choice("straggler", "`warn`, `exclude` or `fail`", straggler.as_ref(), place));
            }
        };
        Ok(FailurePolicy {
            max_fail: self.optional_share("max_fail", raw.max_fail.take())?,
            max_unreachable: self.optional_share("unreachable", raw.unreachable.take().map(|raw| raw.max))?,
            of,
            on_failure,
            rollback: raw.rollback.take().map(|rollback| self.undo(rollback)).transpose()?,
            straggler,
        })
    }

    pub(crate) fn retries(&self, raw: Option<&Spanned<u64>>) -> Result<Option<u32>, SheetError> {
        raw.map(|raw| match u32::try_from(raw.value) {
            Ok(retries) if retries <= MOST_RETRIES => Ok(retries),
            _ => Err(SheetError::Retries { retries: raw.value, most: MOST_RETRIES, place: self.at(raw) }),
        })
        .transpose()
    }

    fn undo(&self, raw: Spanned<Vec<Spanned<RawUndo>>>) -> Result<Undo, SheetError> {
        let place = self.at(&raw);
        let mut steps = Vec::new();
        let mut links = Vec::new();
        for item in raw.value {
            let place = self.at(&item);
            match item.value {
                RawUndo::Step(id) => {
                    let value = StepId::new(id).map_err(|source| SheetError::Name {
                        what: "this id",
                        place: place.clone(),
                        source,
                    })?;
                    steps.push(Placed { value, place });
                }
                RawUndo::Link(link) => links.push(self.link(*link)?),
            }
        }
        match (steps.is_empty(), links.is_empty()) {
            (false, true) => Ok(Undo::Steps(steps)),
            (true, false) => Ok(Undo::Links(links)),
            (true, true) => Err(SheetError::Empty { word: "rollback", place }),
            (false, false) => Err(SheetError::Choice {
                word: "rollback",
                choices: "a list of ids or a list of tasks, not both",
                place,
            }),
        }
    }

    fn pause(&self, raw: &Spanned<String>) -> Result<Pause, SheetError> {
        if raw.value == "ask" { Ok(Pause::Ask) } else { self.duration(raw).map(Pause::For) }
    }

    fn order(&self, raw: Spanned<Value>) -> Result<Order, SheetError> {
        let place = self.at(&raw);
        let choices = "`listed`, `reversed`, `shuffled`, or `{by: VAR}` with a variable of the hosts";
        let wrong = || SheetError::Choice { word: "order", choices, place: place.clone() };
        match raw.value {
            Value::String(word) => match word.as_str() {
                "listed" => Ok(Order::Listed),
                "reversed" => Ok(Order::Reversed),
                "shuffled" => Ok(Order::Shuffled),
                _ => Err(wrong()),
            },
            Value::Object(map) if map.len() == 1 => match map.get("by") {
                Some(Value::String(name)) if !name.is_empty() => {
                    Ok(Order::By(Placed { value: name.clone(), place: place.clone() }))
                }
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }

    /// A share of the hosts that cannot be nobody.
    fn some_hosts(&self, word: &'static str, raw: Spanned<Value>) -> Result<Placed<Share>, SheetError> {
        let share = self.share(word, raw)?;
        if matches!(share.value, Share::Hosts(0) | Share::Percent(0)) {
            return Err(SheetError::Zero { word, place: share.place });
        }
        Ok(share)
    }

    fn optional_share(&self, word: &'static str, raw: Option<Spanned<Value>>) -> Result<Option<Share>, SheetError> {
        raw.map(|raw| self.share(word, raw).map(|share| share.value)).transpose()
    }

    fn share(&self, word: &'static str, raw: Spanned<Value>) -> Result<Placed<Share>, SheetError> {
        let place = self.at(&raw);
        let text = match raw.value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match Share::parse(&text) {
            Ok(value) => Ok(Placed { value, place }),
            Err(source) => Err(SheetError::Share { word, place, source }),
        }
    }

    fn no_choice(
        &self,
        word: &'static str,
        choices: &'static str,
        raw: Option<&Spanned<String>>,
        place: &Place,
    ) -> SheetError {
        SheetError::Choice { word, choices, place: raw.map_or_else(|| place.clone(), |raw| self.at(raw)) }
    }
}
