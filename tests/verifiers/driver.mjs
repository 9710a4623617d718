// Puts webhooks to a verifier in JavaScript: `driver.mjs official FOLDER` or `driver.mjs guide
// FILE`. Reads a list of cases as JSON, prints one word for each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

function official(folder) {
  const { Webhook } = createRequire(`${folder}/`)("standardwebhooks");
  return ({ secret, headers, body }) => new Webhook(secret).verify(body, headers);
}

async function guide(file) {
  const { verify } = await import(pathToFileURL(file).href);
  return ({ secret, headers, body }) => verify(headers, Buffer.from(body), secret);
}

const [kind, place] = process.argv.slice(2);
const verify = await { official, guide }[kind](place);
for (const one of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    verify(one);
    console.log("accepted");
  } catch (error) {
    console.log(`refused: ${error.message}`);
  }
}
