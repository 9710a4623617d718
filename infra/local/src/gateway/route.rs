//! Which route of the HTTP API a request takes.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::{Authorizer, Function};

/// All routes of the API.
#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<RouteTarget>);

/// One route, and the function behind it.
#[derive(Debug, Clone)]
pub struct RouteTarget {
    /// As API Gateway writes it: `GET /v1/jobs/{job_id}`.
    pub key: String,
    /// The function that answers.
    pub function: String,
    /// Who is asked first.
    pub authorizer: Option<Authorizer>,
    method: String,
    segments: Vec<Segment>,
}

/// A route found for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'a> {
    /// The route.
    pub route: &'a RouteTarget,
    /// What its `{parameters}` stand for, percent-decoded.
    pub parameters: BTreeMap<String, String>,
}

/// Part of a route's path. The order is that of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Exact(String),
    One(String),
    Rest(String),
}

/// Routes are told apart by their keys.
impl PartialEq for RouteTarget {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Routes {
    /// The routes that lead to `functions`.
    #[must_use]
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

    /// The most specific route for `method` and the still encoded `path`: an exact segment
    /// goes before a parameter, that before a greedy one, and a method before `ANY`.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let fitting = self.0.iter().filter(|route| route.takes(method));
        let matches =
            fitting.filter_map(|route| Some(Match { route, parameters: route.parameters(path)? }));
        matches.min_by(|a, b| a.route.precedence().cmp(&b.route.precedence()))
    }
}

impl RouteTarget {
    fn takes(&self, method: &str) -> bool {
        self.method == "ANY" || self.method == method
    }

    /// What sorts first wins.
    fn precedence(&self) -> (Vec<u8>, bool) {
        let rank = |segment: &Segment| match segment {
            Segment::Exact(_) => 0,
            Segment::One(_) => 1,
            Segment::Rest(_) => 2,
        };
        (self.segments.iter().map(rank).collect(), self.method == "ANY")
    }

    /// The parameters of `path`, if it fits this route.
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
                Segment::Exact(text) if text == part => {}
                Segment::One(name) if !part.is_empty() => {
                    parameters.insert(name.clone(), decoded(part));
                }
                Segment::Rest(name) => {
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

/// `$default` takes every path, like a greedy parameter at the root; its name stays hidden.
fn segments(path: &str) -> Vec<Segment> {
    let parts = path.trim_start_matches('/').split('/');
    parts
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Segment::Rest(name.to_owned()),
                None => Segment::One(name.to_owned()),
            },
            None if part == "$default" => Segment::Rest(String::new()),
            None => Segment::Exact(part.to_owned()),
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
    fn what_fits_no_route_finds_none() {
        assert_eq!(found("PUT", "/pets"), None);
        assert_eq!(found("POST", "/pets/"), None);
        assert_eq!(found("GET", "/other"), None);
        assert_eq!(found("DELETE", "/pets/dog/"), None);
    }

    #[test]
    fn default_takes_what_is_left() {
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
