//! Creating under an `Idempotency-Key`. The id of what is created follows from the key and a
//! generation, so the write that finds it taken finds the first request too, and no record of keys
//! is kept.

use domain::idempotency::KeyedRequest;

use crate::Problem;

/// Creates what `request` asks for once for its key. `create` makes it under the id of a
/// generation, or finds what is there under that id and the request that made it. A generation
/// ends when the key expires.
pub async fn create_once<T, F>(
    request: &KeyedRequest,
    create: impl Fn(u32) -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<(T, Option<KeyedRequest>), Problem>>,
{
    for generation in 0.. {
        let (created, first) = create(generation).await?;
        if first.map_or(Ok(true), |first| request.repeats(&first))? {
            return Ok(created);
        }
    }
    Err(Problem::unavailable("an idempotency key has no generation left"))
}
