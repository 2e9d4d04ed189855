//! Progress bars: on standard error, only where that is a terminal, so that logs stay readable.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar, or nothing where nobody sees one.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over bytes.
    pub fn bytes(length: u64, title: &str) -> Self {
        Self::new(length, title, "{msg:30!} {bar:24} {bytes:>9}/{total_bytes:9} {eta:>4}")
    }

    fn new(length: u64, title: &str, template: &str) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target).with_message(title.to_owned());
        // A template of our own that does not parse would be a plain bar instead.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// So much more is done.
    pub fn advance(&self, amount: u64) {
        self.0.inc(amount);
    }

    /// It is over; the bar goes.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
