//! Creating under an `Idempotency-Key`. The id of what is created follows from the key and a
//! generation, so the write that finds it taken finds the first request too, and no record of keys
//! is kept.

use domain::idempotency::KeyedRequest;

use crate::Problem;
use crate::http::Result;

/// Creates what `request` asks for once for its key. `create` makes it under the id of a
/// generation, or finds what is there under that id and the request that made it. A generation
/// ends when the key expires.
pub async fn create_once<T, F>(request: &KeyedRequest, create: impl Fn(u32) -> F) -> Result<T>
where
    F: Future<Output = Result<(T, Option<KeyedRequest>)>>,
{
    for generation in 0.. {
        let (created, first) = create(generation).await?;
        if first.map_or(Ok(true), |first| request.repeats(&first))? {
            return Ok(created);
        }
    }
    Err(Problem::unavailable("an idempotency key has no generation left"))
}

/// What an earlier version made for `request`, whose ids followed from the key without a secret.
/// `find` looks up a generation. The keys of such a version are all expired a day after its end, so
/// this and its reads can go with the next one.
pub async fn made_before<T, F>(request: &KeyedRequest, find: impl Fn(u32) -> F) -> Result<Option<T>>
where
    F: Future<Output = Result<Option<(T, KeyedRequest)>>>,
{
    for generation in 0.. {
        let Some((made, first)) = find(generation).await? else { return Ok(None) };
        if request.repeats(&first)? {
            return Ok(Some(made));
        }
    }
    Ok(None)
}
