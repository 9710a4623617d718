//! What `Ref` and `GetAtt` mean in the embedded cloud: its names, addresses and ARNs.

use serde_json::Value as Json;
use serde_yaml_ng::Value;

use super::TemplateError;
use super::document::Resource;
use super::error::Path;
use super::functions::function_name;
use super::intrinsics::Resolver;
use crate::aws::identity::{ACCOUNT, REGION, queue_arn};

/// The stack's name, and the id of its HTTP API.
pub const STACK: &str = "hookreel";
/// The kinds of resources whose attributes are all known.
const RUN_HERE: [&str; 3] = ["AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket"];
/// Where that API would be on AWS; replaced by where it is here.
const DEPLOYED_API: &str = "https://hookreel.execute-api.us-east-1.amazonaws.com";

impl Resolver<'_> {
    /// The value of `Ref name`; `None` for `AWS::NoValue`.
    pub fn reference(&self, name: &str, path: &Path) -> Result<Option<Json>, TemplateError> {
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            "AWS::StackId" => {
                format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local")
            }
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => match self.document.at(&["Parameters", name]) {
                Some(parameter) => self.parameter(name, parameter, path)?,
                None => self.resource_reference(name, path)?,
            },
        };
        Ok(Some(text.into()))
    }

    /// The value of a template parameter: as chosen, else its default. A hidden one without
    /// either is left as a dynamic reference, for a secret made on this machine.
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
        // SAM makes this API itself where functions name none.
        if id == "ServerlessHttpApi" {
            return Ok(STACK.to_owned());
        }
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
    pub fn attribute(&self, dotted: &str, path: &Path) -> Result<String, TemplateError> {
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
            ("AWS::SQS::Queue", "QueueName") => name,
            ("AWS::SQS::Queue", "QueueUrl") => self.resource_reference(id, path)?,
            ("AWS::Serverless::HttpApi", "ApiEndpoint") => self.surroundings.api_url.clone(),
            // Of what is not run here (roles, log groups) nothing but its name can matter.
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

    /// The name a resource goes by: the one the template gives it, else one made of its id.
    pub fn physical_name(&self, resource: &Resource<'_>) -> Result<String, TemplateError> {
        let property = match resource.kind {
            "AWS::Serverless::Function" => return Ok(function_name(resource.id)),
            "AWS::Serverless::HttpApi" => return Ok(STACK.to_owned()),
            "AWS::SQS::Queue" => "QueueName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::S3::Bucket" => "BucketName",
            _ => "Name",
        };
        match resource.property(property) {
            Some(name) => self.text(name, &resource.path().key(property)),
            // Buckets allow no capitals.
            None if property == "BucketName" => {
                Ok(format!("{STACK}-{}", resource.id.to_lowercase()))
            }
            None => Ok(format!("{STACK}-{}", resource.id)),
        }
    }

    /// `text` with the address the API would have on AWS replaced by the one it has here.
    pub fn with_local_api_url(&self, text: &str) -> String {
        text.replace(DEPLOYED_API, &self.surroundings.api_url)
    }

    fn find(&self, id: &str, path: &Path) -> Result<Resource<'_>, TemplateError> {
        let mut resources = self.document.resources();
        resources
            .find(|resource| resource.id == id)
            .ok_or_else(|| TemplateError::at(path, format!("refers to {id}, which is not there")))
    }
}
