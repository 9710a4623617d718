//! How one scene gives way to the next, by ffmpeg's `xfade`.

use domain::InvalidField;

use crate::fields::Fields;

/// Those of ffmpeg's kinds that are taken; `none` is a plain cut.
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
const LONGEST: f64 = 60.0;

/// One kind of transition for a whole film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Transition {
    /// As `xfade` names it.
    pub kind: &'static str,
    /// In seconds; 0 is a plain cut.
    pub seconds: f64,
}

impl Transition {
    const CUT: Self = Self { kind: CUT, seconds: 0.0 };

    /// The `transition` of a stitch request; a plain cut if it has none.
    pub fn read(body: Fields) -> Result<Self, InvalidField> {
        let Some(value) = body.get("transition") else { return Ok(Self::CUT) };
        let fields = Fields::within(value, "transition.")?;
        let asked = fields.require_text("type")?;
        let seconds = fields.number("duration", 0.0, LONGEST)?;
        if asked == CUT {
            return Ok(Self::CUT);
        }
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == asked) else {
            return Err(fields.wrong("type", format!("must be {CUT}, {}", KINDS.join(", "))));
        };
        let seconds = seconds.ok_or_else(|| fields.wrong("duration", "is missing"))?;
        Ok(Self { kind, seconds })
    }
}
