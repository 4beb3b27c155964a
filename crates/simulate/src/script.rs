//! What a pod is made to go through: the annotation [`ANNOTATION`], on a pod or a template.
//!
//! Steps are separated by `;`. A step is `[after DURATION] STATE [key=value ...]`; durations count
//! from the pod's creation. The last step that is due holds; before the first one the pod's
//! containers are being created. With `attempt=N` a step holds only for the N-th pod of a Job.
//!
//! ```text
//! after 5s ready
//! imagePullBackOff message="no such tag"
//! ready; after 10s crashLoop exit=1 restarts=3; after 60s ready
//! fail exit=3 attempt=1; succeed attempt=2
//! ```

use std::time::Duration;

/// The annotation's name.
pub(crate) const ANNOTATION: &str = "windlass.dev/simulate";

const STATES: &str = "creating ready neverReady imagePullBackOff errImagePull crashLoop oomKilled \
                      succeed fail";

/// What a pod's containers are doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// They wait, for this reason.
    Waiting { reason: String, message: String },
    /// They run; whether they are ready.
    Running { ready: bool },
    /// They end again and again; how often they did and how the last one ended.
    Crashing { exit: i64, restarts: i64, reason: &'static str },
    /// They ended.
    Ended { exit: i64, reason: &'static str },
}

impl State {
    /// Containers that are being created.
    pub(crate) fn creating() -> Self {
        Self::Waiting { reason: "ContainerCreating".into(), message: String::new() }
    }

    /// Containers that did what they should.
    pub(crate) fn succeeded() -> Self {
        Self::Ended { exit: 0, reason: "Completed" }
    }
}

/// The state of a pod of this age that is its Job's `attempt`-th, and when the next step is due.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn state(
    text: &str,
    age: Duration,
    attempt: usize,
) -> Result<(State, Option<Duration>), String> {
    let mut current = State::creating();
    let mut next = None;
    for step in text.split(';').map(str::trim).filter(|step| !step.is_empty()) {
        let step = parse(step)?;
        if step.attempt.is_some_and(|wanted| wanted != attempt) {
            continue;
        }
        if step.after <= age {
            current = step.state;
        } else {
            let wait = step.after - age;
            next = Some(next.map_or(wait, |other: Duration| other.min(wait)));
        }
    }
    Ok((current, next))
}

struct Step {
    after: Duration,
    attempt: Option<usize>,
    state: State,
}

fn parse(step: &str) -> Result<Step, String> {
    let mut words = words(step).into_iter();
    let mut name = words.next().unwrap_or_default();
    let mut after = Duration::ZERO;
    if name == "after" {
        let text = words.next().unwrap_or_default();
        after = duration(&text).ok_or_else(|| format!("{text:?} is no duration such as 5s"))?;
        name = words.next().unwrap_or_default();
    }
    let (mut exit, mut restarts, mut attempt, mut message) = (1, 1, None, String::new());
    for word in words {
        let (key, value) =
            word.split_once('=').ok_or_else(|| format!("expected key=value, found {word:?}"))?;
        let number = || value.parse().map_err(|_| format!("{key} wants a number, found {value:?}"));
        match key {
            "exit" => exit = number()?,
            "restarts" => restarts = number()?,
            "attempt" => attempt = usize::try_from(number()?).ok(),
            "message" => message = value.to_owned(),
            _ => return Err(format!("unknown key {key:?}: exit, restarts, attempt or message")),
        }
    }
    let waiting = |reason: &str, otherwise: &str| State::Waiting {
        reason: reason.to_owned(),
        message: if message.is_empty() { otherwise.to_owned() } else { message.clone() },
    };
    let state = match name.as_str() {
        "creating" => State::creating(),
        "ready" => State::Running { ready: true },
        "neverReady" => State::Running { ready: false },
        "imagePullBackOff" => waiting("ImagePullBackOff", "Back-off pulling image"),
        "errImagePull" => waiting("ErrImagePull", "the image cannot be pulled"),
        "crashLoop" => State::Crashing { exit, restarts, reason: "Error" },
        "oomKilled" => State::Crashing { exit: 137, restarts, reason: "OOMKilled" },
        "succeed" => State::succeeded(),
        "fail" => State::Ended { exit, reason: "Error" },
        _ => return Err(format!("unknown state {name:?}: one of {STATES}")),
    };
    Ok(Step { after, attempt, state })
}

/// Words at spaces; a part in double quotes keeps its spaces.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | '\n' | '\t' if !quoted => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => number,
        "s" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{State, state};

    fn check(text: &str, age: u64, attempt: usize, expected: Result<(State, Option<u64>), &str>) {
        let found = state(text, Duration::from_secs(age), attempt)
            .map(|(state, next)| (state, next.map(|next| next.as_secs())));
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{text}"),
            Err(part) => {
                let error = found.unwrap_err();
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }

    #[test]
    fn steps_hold_when_they_are_due() {
        let crash = State::Crashing { exit: 2, restarts: 3, reason: "Error" };
        let text = "after 5s ready; after 1m crashLoop exit=2 restarts=3";
        check(text, 0, 1, Ok((State::creating(), Some(5))));
        check(text, 5, 1, Ok((State::Running { ready: true }, Some(55))));
        check(text, 60, 1, Ok((crash, None)));
        let message = State::Waiting { reason: "ErrImagePull".into(), message: "no tag".into() };
        check("errImagePull message=\"no tag\"", 0, 1, Ok((message, None)));
    }

    #[test]
    fn a_step_can_be_for_one_attempt() {
        let text = "fail exit=3 attempt=1; succeed attempt=2";
        check(text, 0, 1, Ok((State::Ended { exit: 3, reason: "Error" }, None)));
        check(text, 0, 2, Ok((State::succeeded(), None)));
    }

    #[test]
    fn mistakes_are_named() {
        check("explode", 0, 1, Err("unknown state \"explode\""));
        check("after soon ready", 0, 1, Err("\"soon\" is no duration"));
        check("fail exit=x", 0, 1, Err("exit wants a number"));
        check("fail now", 0, 1, Err("expected key=value"));
        check("fail when=1", 0, 1, Err("unknown key \"when\""));
    }
}
