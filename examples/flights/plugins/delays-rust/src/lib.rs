//! Plugin delays-rust does what delays does, in Rust: it tells each flight's delay to the airport it leaves from, and
//! passes on the flights that are late.

use pelton::{Handler, Message, Out, Setup, Verdict};

struct Delays {
    late_after: i64, // minutes; more is late
}

pelton::handler!(Delays);

impl Handler for Delays {
    fn start(setup: &mut Setup) -> Result<Self, String> {
        setup.output("airports", "");
        setup.output("late", "");
        Ok(Delays { late_after: setup.int("late_after", 15)? })
    }

    fn handle(&mut self, m: &Message, out: &mut Out) -> Verdict {
        let delay = match m.field("delay").and_then(|d| d.int()) {
            Some(minutes) => minutes,
            None => return Verdict::dead("delay is not a number of minutes"),
        };
        let late = delay > self.late_after;
        out.emit("airports", m.key(), format!(r#"{{"delay":{},"late":{}}}"#, delay, late));
        if late {
            out.emit("late", m.key(), m.payload());
        }
        Verdict::ack()
    }
}

#[cfg(test)]
mod tests {
    use super::Delays;
    use pelton::trial::{self, number, Sample};
    use pelton::Verdict;

    #[test]
    fn late_flights_pass_on() {
        let flight = Sample {
            payload: br#"{"delay":66}"#,
            key: Some(b"DTW"),
            fields: &[("delay", number("66"))],
            ..Sample::default()
        };
        let results = trial::handle::<Delays>(r#"{"late_after":60}"#, &[flight]).unwrap();
        let emits: Vec<_> = results[0].emits.iter().map(|e| (e.output.as_str(), e.payload.as_slice())).collect();
        assert_eq!(emits, [("airports", &br#"{"delay":66,"late":true}"#[..]), ("late", br#"{"delay":66}"#)]);
        assert_eq!(trial::handle::<Delays>(r#"{"late_after":66}"#, &[flight]).unwrap()[0].emits.len(), 1);
    }

    #[test]
    fn no_delay_is_dead() {
        let results = trial::handle::<Delays>("", &[Sample { payload: b"{}", ..Sample::default() }]).unwrap();
        assert_eq!(results[0].verdict, Verdict::dead("delay is not a number of minutes"));
    }

    #[test]
    fn unknown_config_key_is_refused() {
        assert!(trial::handle::<Delays>(r#"{"late_afer":5}"#, &[]).is_err());
    }
}
