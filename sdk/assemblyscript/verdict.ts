/** A plugin's one decision on one message. `new Verdict()` decides nothing and is an error. */
export class Verdict {
  constructor(
    /** As the ABI has it. */
    readonly decision: i32 = 0,
    /** The wait, the time or the lease. */
    readonly nanos: i64 = 0,
    /** Why. */
    readonly reason: string = "",
    /** Whether later messages of the key may overtake. */
    readonly pass: bool = false,
  ) {}

  /** Accepts the message: its emits take effect. */
  static ack(): Verdict {
    return ACK;
  }

  /**
   * Asks for another attempt, not before `after` nanoseconds; 0 leaves the delay to the configured policy. It never
   * overrides the configured number of attempts.
   */
  static retry(after: i64): Verdict {
    return new Verdict(2, after);
  }

  /**
   * Asks for the message again at a time at least 100 ms ahead, in nanoseconds since 1970 (see `now`). It spends no
   * attempt. Later messages of the key wait for it; see `andPass`.
   */
  static defer(until: i64): Verdict {
    return new Verdict(3, until);
  }

  /** Gives the message up: it is kept as a dead letter with the reason, to be looked at and replayed. */
  static dead(reason: string): Verdict {
    return new Verdict(4, 0, reason);
  }

  /**
   * Keeps the message open until it is settled by its token (see `Message.holdToken`) or the lease, in nanoseconds,
   * ends, which offers it again.
   */
  static hold(lease: i64): Verdict {
    return new Verdict(5, lease);
  }

  /** The verdict with a reason, which retry keeps for the record of the message's last failure. */
  because(reason: string): Verdict {
    return new Verdict(this.decision, this.nanos, reason, this.pass);
  }

  /** Lets later messages of the key overtake a deferred one. */
  andPass(): Verdict {
    return new Verdict(this.decision, this.nanos, this.reason, true);
  }
}

const ACK = new Verdict(1);
