//! The transition between scenes, by ffmpeg's `xfade`.

use domain::InvalidField;

use crate::fields::Fields;

/// The supported kinds of `xfade`; `none` is a plain cut.
const KINDS: [&str; 20] = [
    "fade",
    "fadeblack",
    "fadewhite",
    "dissolve",
    "pixelize",
    "radial",
    "distance",
    "wipeleft",
    "wiperight",
    "wipeup",
    "wipedown",
    "slideleft",
    "slideright",
    "slideup",
    "slidedown",
    "smoothleft",
    "smoothright",
    "circleopen",
    "circleclose",
    "circlecrop",
];
const CUT: &str = "none";
/// Longest transition, in seconds.
const MAX_SECONDS: f64 = 60.0;

/// The transition of a whole film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Transition {
    /// Its name in `xfade`.
    pub kind: &'static str,
    /// In seconds; 0 is a plain cut.
    pub seconds: f64,
}

impl Transition {
    const CUT: Self = Self { kind: CUT, seconds: 0.0 };

    /// Parses the `transition` of a stitch request; a plain cut by default.
    pub fn read(body: Fields) -> Result<Self, InvalidField> {
        let Some(value) = body.get("transition") else { return Ok(Self::CUT) };
        let fields = Fields::within(value, "transition.")?;
        let requested = fields.require_text("type")?;
        let seconds = fields.number("duration", 0.0, MAX_SECONDS)?;
        if requested == CUT {
            return Ok(Self::CUT);
        }
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == requested) else {
            return Err(fields.wrong("type", format!("must be {CUT}, {}", KINDS.join(", "))));
        };
        let seconds = seconds.ok_or_else(|| fields.wrong("duration", "is missing"))?;
        Ok(Self { kind, seconds })
    }
}
