//! Starts an embedded cloud, step by step.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use domain::Secret;
use providers::registry;
use runtime::{Clock, Context, Invocable};
use store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::activity::Activity;
use crate::aws::{Aws, Durability, Keys};
use crate::cloud::Cloud;
use crate::data_folder::DataFolder;
use crate::error::StartError;
use crate::functions::{self, Functions};
use crate::gateway::{Gateway, Routes};
use crate::live::Live;
use crate::mappings::{self, QueuePoller, StreamPoller, StreamPosition};
use crate::settings::Settings;
use crate::template::{Surroundings, Template};
use crate::{environment, first_key};

/// The file in the data folder that holds the keys of the AWS services, in the AWS tools' format.
pub const CREDENTIALS: &str = "aws-credentials";

/// Fewest bytes of a key or secret.
const SECRET_BYTES: usize = 16;

/// Starts everything that the template of `settings` describes.
pub async fn cloud(settings: Settings) -> Result<Cloud, StartError> {
    check_secrets(&settings.environment, settings.api_key.as_ref())?;
    let folder = DataFolder::open(&settings.data_dir)?;
    let local = Ipv4Addr::LOCALHOST.into();
    let (api, api_address) = listen((local, settings.api_port), "--port").await?;
    let aws_address = (settings.aws_address, settings.aws_port);
    let (aws_listener, aws_address) = listen(aws_address, "--aws-port").await?;
    let (api_url, aws_url) = (url(api_address), url(aws_address));
    let own_ports = [api_address.port(), aws_address.port()];
    let chosen = environment::with_local_settings(settings.environment, &api_url, own_ports);
    let public_host = chosen.get(environment::API_BASE_URL_PARAMETER).and_then(|url| host(url));
    let surroundings = Surroundings { api_url, aws_url, chosen };
    let template = settings.template.resolve(&surroundings)?;
    let clock = settings.clock;
    let aws =
        prepare_aws(&folder, &clock, &surroundings.aws_url, &template, settings.durability).await?;
    let activity = Activity::new(clock.clone());
    let cut_off = CancellationToken::new();
    let mut functions = Functions::new(Arc::clone(&activity), cut_off.clone());
    for function in &template.functions {
        let context = Context {
            environment: environment::of_function(function, &surroundings.chosen, &folder)?,
            aws: aws.sdk_config(&function.name),
            clock: clock.clone(),
        };
        functions.add(&function.name, build(&function.name, &context)?, function.timeout);
        if function.allows_recursive_loop {
            functions.allow_recursive_loop(&function.name);
        }
    }
    let functions = Arc::new(functions);
    let table = template.tables.first().ok_or(StartError::NoTable)?;
    let store = Store::new(&aws.sdk_config("hookreel-local"), &table.name);
    let first_key = first_key::ensure(settings.api_key, &folder, &store, &clock).await?;

    let stopped = cut_off.child_token();
    let mappings = mappings::MappingContext {
        aws: Arc::clone(&aws),
        functions: Arc::clone(&functions),
        activity: Arc::clone(&activity),
        clock: clock.clone(),
        stopped: stopped.clone(),
    };
    let mut tasks = JoinSet::new();
    let streams = start_stream_pollers(&template, &mappings, &mut tasks)?;
    let queues = start_queue_pollers(&template, &mappings, &mut tasks);
    let live = template.web_socket.clone().map(|api| {
        let (connections, times) = (aws.connections(), (Arc::clone(&activity), clock.clone()));
        Live::new(api, Arc::clone(&functions), Arc::clone(connections), times, stopped.clone())
    });
    let routes = Routes::new(&template.functions);
    let gateway = Gateway {
        routes,
        functions: Arc::clone(&functions),
        clock,
        port: api_address.port(),
        cors: template.api_cors.clone(),
        public_host,
        live,
    };
    serve_api(gateway, api, &stopped, &mut tasks);
    serve_aws(&aws, aws_listener, &stopped, &mut tasks);
    await_connections(&aws, &stopped, &mut tasks);
    let stage = template.web_socket.as_ref().map(|api| &api.stage);
    Ok(Cloud {
        live_url: stage.map(|stage| format!("{}/{stage}", surroundings.sockets_url())),
        api_url: surroundings.api_url,
        aws_url: surroundings.aws_url,
        first_key,
        aws,
        functions,
        activity,
        queues,
        streams,
        stopped,
        cut_off: cut_off.drop_guard(),
        tasks,
        folder,
    })
}

async fn listen(
    (address, port): (IpAddr, u16),
    flag: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, port, flag, source };
    let listener = TcpListener::bind((address, port)).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The host of `url`, with its port if it names one.
fn host(url: &str) -> Option<String> {
    url.split('/').nth(2).map(str::to_owned)
}

/// Opens the AWS services and creates the template's queues, tables and buckets.
async fn prepare_aws(
    folder: &DataFolder,
    clock: &Clock,
    url: &str,
    template: &Template,
    durability: Durability,
) -> Result<Arc<Aws>, StartError> {
    let (clock, keys) = (clock.clone(), keys(folder)?);
    let aws = Aws::open(folder.path(), clock, url.to_owned(), keys, durability).await?;
    for queue in &template.queues {
        aws.ensure_queue(queue)?;
    }
    for table in &template.tables {
        aws.ensure_table(&table.create, table.expiry_attribute.as_deref())?;
    }
    aws.set_cors(template.bucket_cors.clone());
    for bucket in &template.buckets {
        aws.ensure_bucket(bucket).await?;
    }
    Ok(aws)
}

/// Refuses keys and secrets that can be guessed. A provider's own key to its API is the provider's
/// matter.
fn check_secrets(
    environment: &BTreeMap<String, String>,
    api_key: Option<&Secret>,
) -> Result<(), StartError> {
    let webhook = registry::PROVIDERS.iter().map(|provider| provider.settings().webhook_secret);
    let named = webhook.chain(["SIGNING_KEY"]);
    let named = named.filter_map(|name| Some((name, environment.get(name)?.as_str())));
    let key = api_key.map(|key| ("--api-key", key.expose()));
    let is_short = |secret: &str| (1..SECRET_BYTES).contains(&secret.trim().len());
    match named.chain(key).find(|(_, secret)| is_short(secret)) {
        Some((name, _)) => Err(StartError::ShortSecret { name, least: SECRET_BYTES }),
        None => Ok(()),
    }
}

/// The keys of the folder's AWS services, made at the first start.
fn keys(folder: &DataFolder) -> Result<Keys, StartError> {
    let kept = folder.read(CREDENTIALS)?.and_then(|file| Keys::read(&file));
    if let Some(keys) = kept {
        return Ok(keys);
    }
    let keys = Keys::random();
    folder.write(CREDENTIALS, &keys.file())?;
    Ok(keys)
}

fn build(name: &str, context: &Context) -> Result<Invocable, StartError> {
    functions::build(name, context)
        .ok_or_else(|| StartError::UnknownFunction(name.to_owned()))?
        .map_err(|source| StartError::Function { name: name.to_owned(), source })
}

fn start_stream_pollers(
    template: &Template,
    context: &mappings::MappingContext,
    tasks: &mut JoinSet<()>,
) -> Result<Vec<Arc<StreamPosition>>, StartError> {
    let mut positions = Vec::new();
    for function in &template.functions {
        for mapping in &function.streams {
            let name = &function.name;
            let poller = StreamPoller::new(name, mapping.clone(), context.clone())
                .map_err(|source| StartError::Stream { name: name.clone(), source })?;
            positions.push(poller.position());
            tasks.spawn(poller.run());
        }
    }
    Ok(positions)
}

/// Returns the names of the polled queues.
fn start_queue_pollers(
    template: &Template,
    context: &mappings::MappingContext,
    tasks: &mut JoinSet<()>,
) -> Vec<String> {
    let mut names = Vec::new();
    for function in &template.functions {
        for mapping in &function.queues {
            let poller = QueuePoller::new(&function.name, mapping.clone(), context.clone());
            names.push(mapping.queue.clone());
            tasks.spawn(poller.run());
        }
    }
    names
}

fn serve_api(
    gateway: Gateway,
    listener: TcpListener,
    stopped: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    let stopped = stopped.clone().cancelled_owned();
    tasks.spawn(async move {
        if let Err(error) = Arc::new(gateway).serve(listener, stopped).await {
            tracing::error!(kind = "api", "the API server failed: {error}");
        }
    });
}

/// Once it stops, waits until every connection is closed.
fn await_connections(aws: &Arc<Aws>, stopped: &CancellationToken, tasks: &mut JoinSet<()>) {
    let (aws, stopped) = (Arc::clone(aws), stopped.clone());
    tasks.spawn(async move {
        stopped.cancelled().await;
        aws.connections().ended().await;
    });
}

fn serve_aws(
    aws: &Arc<Aws>,
    listener: TcpListener,
    stopped: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    let server = Arc::clone(aws);
    let end = stopped.clone().cancelled_owned();
    tasks.spawn(async move {
        if let Err(error) = server.serve(listener, end).await {
            tracing::error!(kind = "aws", "the AWS server failed: {error}");
        }
    });
    let (aws, stopped) = (Arc::clone(aws), stopped.clone());
    tasks.spawn(async move {
        stopped.run_until_cancelled(aws.maintain()).await;
    });
}
