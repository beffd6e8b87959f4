// Starts wheels for the tests, kills them, and asks them as the command line does.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const pelton = process.env.PELTON ?? join(here, '../../bin/pelton');

/** A directory that goes away with the tests. */
export function room() {
  const dir = mkdtempSync(join(tmpdir(), 'pelton-console-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A copy of the test's plugin in which words are replaced. */
export function version(dir, name, changes = {}) {
  const to = join(dir, name);
  mkdirSync(to, { recursive: true });
  cpSync(join(here, 'testdata/checks/go.mod'), join(to, 'go.mod'));
  let source = readFileSync(join(here, 'testdata/checks/main.go'), 'utf8');
  for (const [from, into] of Object.entries(changes)) {
    if (!source.includes(from)) throw new Error(`the plugin has no ${from}`);
    source = source.replace(from, into);
  }
  writeFileSync(join(to, 'main.go'), source);
  return to;
}

/** A port that is free now. A wheel that is started again must have the one that it had. */
const free = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

export class Wheel {
  #process = null;
  events = [];

  constructor(dir, config) {
    this.dir = dir;
    this.file = join(dir, 'pelton.yaml');
    writeFileSync(this.file, config);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, and resolves when it listens, or when an event of this name came. */
  async start(event = 'listening') {
    this.port ??= await free();
    const child = spawn(pelton, ['run', this.file, '--json', '--listen', `127.0.0.1:${this.port}`, '--grpc', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let said = '';
    child.stderr.on('data', (data) => (said += data));
    await new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the wheel ended with ${code}: ${said}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const e = JSON.parse(line);
        this.events.push(e);
        if (e.event === event) resolve();
      });
    });
    return this;
  }

  /** Ends it as a power cut or the kernel would: nothing is flushed, nothing is said. */
  async kill() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
  }

  /** Runs a verb against it. */
  cli(...args) {
    return execFileSync(pelton, [...args, '--addr', `127.0.0.1:${this.port}`], { encoding: 'utf8', env: { ...process.env, PELTON_WHO: 'tests' } });
  }

  json(...args) {
    return JSON.parse(this.cli(...args, '--json'));
  }
}
