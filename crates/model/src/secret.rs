use zeroize::Zeroize;

/// A value that must not be seen: it cannot be printed, compared or serialised, and is wiped from memory when dropped.
///
/// ```compile_fail
/// let secret = runsheet_model::Secret::new(String::from("hunter2"));
/// println!("{secret:?}");
/// ```
///
/// ```compile_fail
/// let secret = runsheet_model::Secret::new(String::from("hunter2"));
/// println!("{secret}");
/// ```
///
/// ```compile_fail
/// fn sink<T: serde::Serialize>(_: T) {}
/// sink(runsheet_model::Secret::new(String::from("hunter2")));
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into care.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Gives the value out. Whoever calls this answers for where it goes: never a log, an argument list or a sink.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
