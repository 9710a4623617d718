//! Chooses the route for a request.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::{Authorizer, Function};

#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<RouteTarget>);

/// One route, and the function behind it.
#[derive(Debug, Clone)]
pub struct RouteTarget {
    /// As API Gateway writes it: `GET /v1/jobs/{job_id}`.
    pub key: String,
    pub function: String,
    pub authorizer: Option<Authorizer>,
    method: String,
    segments: Vec<Segment>,
}

/// The route of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'a> {
    pub route: &'a RouteTarget,
    /// The values of its `{parameters}`, percent-decoded.
    pub parameters: BTreeMap<String, String>,
}

/// A segment of a route's path, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// A key identifies a route.
impl PartialEq for RouteTarget {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Routes {
    /// The routes of `functions`.
    pub fn new(functions: &[Function]) -> Self {
        let targets = functions.iter().flat_map(|function| {
            function.routes.iter().map(|route| RouteTarget {
                key: if route.path == "$default" {
                    route.path.clone()
                } else {
                    format!("{} {}", route.method, route.path)
                },
                function: function.name.clone(),
                authorizer: route.authorizer.clone(),
                method: route.method.clone(),
                segments: segments(&route.path),
            })
        });
        Self(targets.collect())
    }

    /// The most specific route for `method` and the still encoded `path`: a literal segment goes
    /// before a parameter, a parameter before a greedy one, and a method before `ANY`.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let candidates = self.0.iter().filter(|route| route.accepts(method));
        let matches = candidates
            .filter_map(|route| Some(Match { route, parameters: route.parameters(path)? }));
        matches.min_by(|a, b| a.route.precedence().cmp(&b.route.precedence()))
    }
}

impl RouteTarget {
    fn accepts(&self, method: &str) -> bool {
        self.method == "ANY" || self.method == method
    }

    /// The lowest wins.
    fn precedence(&self) -> (Vec<u8>, bool) {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        };
        (self.segments.iter().map(rank).collect(), self.method == "ANY")
    }

    /// The parameters of `path`, if it matches this route.
    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut rest = path.strip_prefix('/')?;
        let mut ended = false;
        for segment in &self.segments {
            if ended {
                return None;
            }
            let (part, after) = rest.split_once('/').map_or((rest, None), |(p, a)| (p, Some(a)));
            match segment {
                Segment::Literal(text) if text == part => {}
                Segment::Parameter(name) if !part.is_empty() => {
                    parameters.insert(name.clone(), decoded(part));
                }
                Segment::Greedy(name) => {
                    parameters.insert(name.clone(), decoded(rest));
                    parameters.remove("");
                    return Some(parameters);
                }
                _ => return None,
            }
            ended = after.is_none();
            rest = after.unwrap_or_default();
        }
        ended.then_some(parameters)
    }
}

/// `$default` matches every path, like a greedy parameter at the root whose value is dropped.
fn segments(path: &str) -> Vec<Segment> {
    let parts = path.trim_start_matches('/').split('/');
    parts
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Greedy(name.to_owned()),
                None => Segment::Parameter(name.to_owned()),
            },
            None if part == "$default" => Segment::Greedy(String::new()),
            None => Segment::Literal(part.to_owned()),
        })
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use crate::gateway::tests::routes;

    fn found(method: &str, path: &str) -> Option<String> {
        let routes = routes(&[
            "GET /pets/dog/1",
            "GET /pets/dog/{id}",
            "GET /pets/{proxy+}",
            "ANY /pets/dog/{id}",
            "POST /pets",
            "GET /",
        ]);
        routes.find(method, path).map(|found| found.route.key.clone())
    }

    #[test]
    fn the_most_specific_route_wins() {
        let key = |method, path| found(method, path).unwrap_or_default();
        assert_eq!(key("GET", "/pets/dog/1"), "GET /pets/dog/1");
        assert_eq!(key("GET", "/pets/dog/2"), "GET /pets/dog/{id}");
        assert_eq!(key("DELETE", "/pets/dog/1"), "ANY /pets/dog/{id}");
        assert_eq!(key("GET", "/pets/cat/3"), "GET /pets/{proxy+}");
        assert_eq!(key("POST", "/pets"), "POST /pets");
        assert_eq!(key("GET", "/"), "GET /");
    }

    #[test]
    fn a_request_may_match_no_route() {
        assert_eq!(found("PUT", "/pets"), None);
        assert_eq!(found("POST", "/pets/"), None);
        assert_eq!(found("GET", "/other"), None);
        assert_eq!(found("DELETE", "/pets/dog/"), None);
    }

    #[test]
    fn default_matches_what_no_other_route_does() {
        let routes = routes(&["GET /pets", "$default"]);
        let key = |path| routes.find("GET", path).map(|found| found.route.key.clone());
        assert_eq!(key("/pets").as_deref(), Some("GET /pets"));
        assert_eq!(key("/a/b").as_deref(), Some("$default"));
    }

    #[test]
    fn parameters_are_decoded() {
        let routes = routes(&["GET /pets/{id}/{rest+}"]);
        let found = routes.find("GET", "/pets/a%20b/c/d%2Fe").unwrap();
        assert_eq!(found.parameters["id"], "a b");
        assert_eq!(found.parameters["rest"], "c/d/e");
    }
}
