//! The links in answers, which begin with the API's address.

use domain::links::Links;

use super::Request;
use crate::Problem;

/// The stage whose name is in no path.
const DEFAULT_STAGE: &str = "$default";

/// The API's address, where it is set. The template cannot give a function the address of the API
/// whose routes lead to it: the API's definition names the function already, and CloudFormation
/// creates no cycle. Such a function takes it from each request.
#[derive(Debug)]
pub struct ApiLinks(Option<Links>);

impl ApiLinks {
    /// Links below `base_url`; without one, below the address of each request.
    pub fn new(base_url: Option<&str>) -> Self {
        Self(base_url.map(Links::new))
    }

    /// The links for the answer to `request`. Its address is the domain that API Gateway has found
    /// this API by. No header is read: the sender controls those.
    pub fn of(&self, request: &Request) -> Result<Links, Problem> {
        if let Some(links) = &self.0 {
            return Ok(links.clone());
        }
        let (domain, stage) = request.address().ok_or_else(|| {
            Problem::unavailable("API_BASE_URL is not set, and the event has no domainName")
        })?;
        let path = if stage == DEFAULT_STAGE { String::new() } else { format!("/{stage}") };
        Ok(Links::new(&format!("https://{domain}{path}")))
    }
}
