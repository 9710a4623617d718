//! The values of `Ref` and `GetAtt` in the embedded cloud: its names, addresses and ARNs.

use serde_json::Value as Json;
use serde_yaml_ng::Value;

use crate::document::Resource;
use crate::error::{Path, TemplateError};
use crate::functions::function_name;
use crate::intrinsics::Resolver;

/// The region of everything.
pub const REGION: &str = "us-east-1";
/// The account of everything.
pub const ACCOUNT: &str = "000000000000";
/// The name of the stack and the id of its HTTP API.
pub const STACK: &str = "hookreel";
/// The id of the stack's WebSocket API.
pub const WEB_SOCKET_API: &str = "hookreel-live";
/// The kinds of resources that the embedded cloud runs; other attributes of theirs are errors.
const RUN_HERE: [&str; 3] = ["AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket"];
/// The HTTP API's address on AWS, replaced by its address here.
const DEPLOYED_API: &str = "https://hookreel.execute-api.us-east-1.amazonaws.com";
/// That of the WebSocket API, to clients; here it is served at the HTTP API's port.
const DEPLOYED_SOCKETS: &str = "wss://hookreel-live.execute-api.us-east-1.amazonaws.com";
/// That of its `@connections`, which is an AWS service.
const DEPLOYED_CONNECTIONS: &str = "https://hookreel-live.execute-api.us-east-1.amazonaws.com";

/// The ARN of the queue `name`.
#[must_use]
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

impl Resolver<'_> {
    /// The value of `Ref name`; `None` for `AWS::NoValue`.
    pub(crate) fn reference(&self, name: &str, path: &Path) -> Result<Option<Json>, TemplateError> {
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => match self.document.at(&["Parameters", name]) {
                Some(parameter) => self.parameter(name, parameter, path)?,
                None => self.resource_reference(name, path)?,
            },
        };
        Ok(Some(text.into()))
    }

    /// The value of a template parameter: the chosen one, else its default. A `NoEcho` parameter
    /// with neither becomes a dynamic reference to a secret made on this machine.
    fn parameter(
        &self,
        name: &str,
        parameter: &Value,
        path: &Path,
    ) -> Result<String, TemplateError> {
        if let Some(chosen) = self.surroundings.chosen.get(name) {
            return Ok(chosen.clone());
        }
        let hidden = parameter.get("NoEcho").is_some();
        match parameter.get("Default") {
            Some(default) if !hidden || default.as_str() != Some("") => {
                self.text(default, &Path::root("Parameters").key(name).key("Default"))
            }
            _ if hidden => Ok(format!("{{{{resolve:parameter:{name}}}}}")),
            _ => Err(TemplateError::at(path, format!("the parameter {name} has no value"))),
        }
    }

    fn resource_reference(&self, id: &str, path: &Path) -> Result<String, TemplateError> {
        let resource = self.find(id, path)?;
        let name = self.physical_name(&resource)?;
        Ok(match resource.kind {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{name}", self.surroundings.aws_url),
            "AWS::SecretsManager::Secret" => {
                format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}")
            }
            _ => name,
        })
    }

    /// The value of `GetAtt dotted`.
    pub(crate) fn attribute(&self, dotted: &str, path: &Path) -> Result<String, TemplateError> {
        let (id, attribute) = dotted.split_once('.').unwrap_or((dotted, ""));
        let resource = self.find(id, path)?;
        let name = self.physical_name(&resource)?;
        let arn = |service: &str, rest: &str| {
            format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}{name}")
        };
        Ok(match (resource.kind, attribute) {
            ("AWS::Serverless::Function", "Arn") => arn("lambda", "function:"),
            ("AWS::SQS::Queue", "Arn") => queue_arn(&name),
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", "table/"),
            ("AWS::DynamoDB::Table", "StreamArn") => arn("dynamodb", "table/") + "/stream/local",
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::SQS::Queue", "QueueName") | ("AWS::Serverless::WebSocketApi", "ApiId") => name,
            ("AWS::SQS::Queue", "QueueUrl") => self.resource_reference(id, path)?,
            ("AWS::Serverless::HttpApi", "ApiEndpoint") => self.surroundings.api_url.clone(),
            ("AWS::Serverless::WebSocketApi", "ApiEndpoint") => self.surroundings.sockets_url(),
            // Of roles, log groups and the like only the name matters here.
            (kind, "Arn") if !RUN_HERE.contains(&kind) => {
                let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
                arn(&service, "")
            }
            _ => {
                let problem = format!("{} has no attribute {attribute} here", resource.kind);
                return Err(TemplateError::at(path, problem));
            }
        })
    }

    /// The name of a resource: the one in the template, else one made of its id.
    pub fn physical_name(&self, resource: &Resource<'_>) -> Result<String, TemplateError> {
        let property = match resource.kind {
            "AWS::Serverless::Function" => return Ok(function_name(resource.id)),
            "AWS::Serverless::HttpApi" => return Ok(STACK.to_owned()),
            "AWS::Serverless::WebSocketApi" => return Ok(WEB_SOCKET_API.to_owned()),
            "AWS::SQS::Queue" => "QueueName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::S3::Bucket" => "BucketName",
            _ => "Name",
        };
        match resource.property(property) {
            Some(name) => self.text(name, &resource.path().key(property)),
            // A bucket's name has no capitals.
            None if property == "BucketName" => {
                Ok(format!("{STACK}-{}", resource.id.to_lowercase()))
            }
            None => Ok(format!("{STACK}-{}", resource.id)),
        }
    }

    /// `text` with the APIs' addresses on AWS replaced by their addresses here.
    pub(crate) fn with_local_urls(&self, text: &str) -> String {
        text.replace(DEPLOYED_API, &self.surroundings.api_url)
            .replace(DEPLOYED_SOCKETS, &self.surroundings.sockets_url())
            .replace(DEPLOYED_CONNECTIONS, &self.surroundings.aws_url)
    }

    fn find(&self, id: &str, path: &Path) -> Result<Resource<'_>, TemplateError> {
        let mut resources = self.document.resources();
        resources
            .find(|resource| resource.id == id)
            .ok_or_else(|| TemplateError::at(path, format!("refers to {id}, which is missing")))
    }
}
