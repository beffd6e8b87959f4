import { Bytes } from "./bytes";
import { grows, importRequest, importResponse, importStatus, place, room, taken } from "./host";

/** One header of a request or response. */
export class Header {
  constructor(
    readonly name: string,
    readonly value: string,
  ) {}
}

/**
 * What a plugin asks of the world by HTTP; see `Out.fetch`. The config grants it by `capabilities: {http: {allow:
 * [HOST:PORT]}}`; a plugin that uses it and was not granted it does not start.
 */
export class Request {
  /** Its headers. */
  readonly headers: Header[] = [];

  constructor(
    /** Absolute; its host and port must be allowed. */
    public url: string,
    /** GET, POST and so on. */
    public method: string = "GET",
    /** The bytes that go with it. */
    public body: Bytes = new Bytes(),
  ) {}

  /** The request with one header more. */
  header(name: string, value: string): Request {
    this.headers.push(new Header(name, value));
    return this;
  }

  /** For the kit: asks the host for it. */
  send(delivery: i32): void {
    let lines = "";
    for (let i = 0; i < this.headers.length; i++) lines += this.headers[i].name + ": " + this.headers[i].value + "\n";
    const m = Bytes.of(this.method);
    const u = Bytes.of(this.url);
    const h = Bytes.of(lines);
    importRequest(delivery, m.ptr, m.size, u.ptr, u.size, h.ptr, h.size, this.body.ptr, this.body.size);
  }
}

/** The kinds of a request's failure. It may help to try again after a timeout, or where nobody answered: `Verdict.retry`. */
export namespace ResponseError {
  /** The config does not allow it, or where it was redirected to. */
  export const Refused = "refused";
  /** It is no request that can be made. */
  export const Invalid = "invalid";
  /** No whole answer in time. */
  export const Timeout = "timeout";
  /** Nobody answered, or not to the end. */
  export const Unreachable = "unreachable";
  /** The answer is larger than the config allows. */
  export const TooLarge = "too_large";
}

/** The answer to a request, the plugin's own. A request that failed has an error, and a status only if that was read. */
export class Response {
  /** The status; 0 if it was not read. */
  status: i32 = 0;
  /** In the order of the answer. */
  readonly headers: Header[] = [];
  /** The bytes; all of them if there is no error. */
  body: Bytes = new Bytes();
  /** The kind of failure, one of `ResponseError`; empty when body is all of the answer. */
  error: string = "";
  /** Why it failed, for people. */
  reason: string = "";

  /** For the kit: reads that of a delivery which has one. */
  static read(delivery: i32): Response {
    const r = new Response();
    r.status = importStatus(delivery);
    r.body = part(delivery, 1);
    r.error = part(delivery, 2).toString();
    if (r.error.length) r.reason = part(delivery, 3).toString();
    const lines = part(delivery, 4).toString().split("\n");
    for (let i = 0; i < lines.length; i++) {
      const at = lines[i].indexOf(": ");
      if (at > 0) r.headers.push(new Header(lines[i].substring(0, at), lines[i].substring(at + 2)));
    }
    return r;
  }

  /** The first header of that name, in whatever case; null if there is none. */
  header(name: string): string | null {
    const wanted = name.toLowerCase();
    for (let i = 0; i < this.headers.length; i++) {
      if (this.headers[i].name.toLowerCase() == wanted) return this.headers[i].value;
    }
    return null;
  }
}

function part(delivery: i32, what: i32): Bytes {
  let n = 0;
  do {
    n = importResponse(delivery, what, place(), room());
  } while (grows(n));
  return taken(max(n, 0));
}
