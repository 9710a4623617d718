//! The list of providers. Everything that depends on which providers there are begins here.

use domain::JobKind;

use crate::Provider;
use crate::clipping_worker::ClippingWorker;
use crate::last_frame::LastFrame;
use crate::replicate::Replicate;
use crate::runpod::Runpod;
use crate::scene_video::SceneVideo;
use crate::stitch::Stitch;

/// Every provider there is.
pub static PROVIDERS: &[&dyn Provider] =
    &[&Runpod, &SceneVideo, &LastFrame, &Stitch, &Replicate, &ClippingWorker];

/// The provider that does jobs of `kind`.
pub fn of(kind: JobKind) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.kinds().contains(&kind))
}

/// The provider called `name`.
pub fn named(name: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.name() == name)
}

/// The provider whose webhook is at `path`.
pub fn at(path: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.webhook_path() == path)
}

/// The names that the options of a job of `kind` may not have.
pub fn reserved_options(kind: JobKind) -> &'static [&'static str] {
    of(kind).map_or(&[], Provider::reserved_options)
}

/// Whether a provider is configured that does jobs of `kind`, by what `value` says of the
/// environment variables.
pub fn is_configured<'a>(kind: JobKind, value: impl Fn(&'static str) -> Option<&'a str>) -> bool {
    of(kind).is_some_and(|provider| provider.settings().is_configured(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    #[test]
    fn each_kind_has_one_provider_and_each_provider_a_name_and_a_webhook_of_its_own() {
        for kind in JobKind::ALL {
            let able = PROVIDERS.iter().filter(|one| one.kinds().contains(&kind));
            assert_eq!(able.count(), 1, "{kind:?}");
        }
        for provider in PROVIDERS {
            assert_eq!(named(provider.name()).unwrap().name(), provider.name());
            assert_eq!(at(provider.webhook_path()).unwrap().name(), provider.name());
        }
        assert!(named("unknown").is_none() && at("/api/unknown").is_none());
    }

    #[test]
    fn a_provider_without_url_is_not_configured_and_needs_no_secret() {
        for provider in PROVIDERS {
            let settings = provider.settings();
            let none = |_| None;
            assert!(Account::read(*provider, none).unwrap().is_none(), "{}", provider.name());
            let left_out = [settings.key, settings.on_uncertain];
            let but_its_key = |name| (!left_out.contains(&name)).then_some("https://x.example");
            match Account::read(*provider, but_its_key) {
                Ok(account) => assert!(account.is_some() && settings.is_key_optional),
                Err(missing) => {
                    assert_eq!(missing.name, settings.key, "{}", provider.name());
                    assert!(!settings.is_key_optional, "{}", provider.name());
                }
            }
            for kind in provider.kinds() {
                assert!(!is_configured(*kind, none) && is_configured(*kind, |_| Some("x")));
            }
        }
    }
}
