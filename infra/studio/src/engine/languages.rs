//! The languages that the speech worker speaks: a selection of those of espeak-ng.

/// Name and espeak-ng's name of each, which is its BCP 47 code.
const LANGUAGES: [(&str, &str); 32] = [
    ("afrikaans", "af"),
    ("amharic", "am"),
    ("arabic", "ar"),
    ("bengali", "bn"),
    ("bulgarian", "bg"),
    ("catalan", "ca"),
    ("czech", "cs"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hindi", "hi"),
    ("hungarian", "hu"),
    ("indonesian", "id"),
    ("italian", "it"),
    ("korean", "ko"),
    ("norwegian", "nb"),
    ("oromo", "om"),
    ("persian", "fa"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swahili", "sw"),
    ("swedish", "sv"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
    ("vietnamese", "vi"),
];

/// The name of the language `name` in espeak-ng, if it is spoken.
pub(crate) fn code(name: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}
