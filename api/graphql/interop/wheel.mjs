// A real wheel, built from this tree, with a store of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const here = import.meta.dirname;
const dir = mkdtempSync(join(tmpdir(), "pelton-interop-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));

let built;
function binary() {
  if (process.env.PELTON) return process.env.PELTON;
  if (!built) {
    built = join(dir, "pelton");
    execFileSync("go", ["build", "-o", built, "./cmd/pelton"], { cwd: join(here, "../../.."), stdio: "inherit" });
  }
  return built;
}

let stores = 0;

// start runs a wheel until kill or stop; restart runs it again at the same address, with what it kept.
export async function start() {
  const store = join(dir, `store-${++stores}`);
  const wheel = { http: "127.0.0.1:0" };
  wheel.restart = async () => {
    const process = spawn(
      binary(),
      ["run", join(here, "pelton.yaml"), "--json", "--store", store, "--listen", wheel.http, "--grpc", "127.0.0.1:0"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    wheel.process = process;
    const lines = createInterface({ input: process.stdout });
    for await (const line of lines) {
      const event = JSON.parse(line);
      if (event.event === "listening") {
        wheel.http = event.http;
        break;
      }
    }
    if (process.exitCode !== null) throw new Error(`the wheel ended with ${process.exitCode}`);
    process.stdout.resume();
  };
  const end = async (signal) => {
    const ended = once(wheel.process, "exit");
    wheel.process.kill(signal);
    const [code] = await ended;
    return code;
  };
  wheel.kill = () => end("SIGKILL");
  wheel.stop = () => end("SIGTERM");
  wheel.post = async (messages) => {
    const answer = await fetch(`http://${wheel.http}/v1/sources/orders`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: messages.map((m) => JSON.stringify(m)).join("\n"),
    });
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  };
  wheel.ask = async (query, variables) => {
    const answer = await fetch(`http://${wheel.http}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    return answer.json();
  };
  await wheel.restart();
  return wheel;
}
