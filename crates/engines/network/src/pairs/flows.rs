use hashbrown::HashMap;

use crate::Allowed;

/// An [`Allowed`] by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowId(u32);

impl FlowId {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(1);
}

/// Each flow once: a cluster has few different ones, however many pairs it has.
#[derive(Clone, Debug)]
pub(crate) struct Flows {
    flows: Vec<Allowed>,
    ids: HashMap<Allowed, FlowId>,
    both: HashMap<(FlowId, FlowId), FlowId>,
}

impl Flows {
    pub(crate) fn new() -> Self {
        let mut flows = Self { flows: Vec::new(), ids: HashMap::new(), both: HashMap::new() };
        flows.id(&Allowed::none());
        flows.id(&Allowed::all());
        flows
    }

    pub(crate) fn id(&mut self, flow: &Allowed) -> FlowId {
        if let Some(id) = self.ids.get(flow) {
            return *id;
        }
        // More than four billion different sets would not fit into memory long before.
        let id = FlowId(u32::try_from(self.flows.len()).unwrap_or(u32::MAX));
        self.flows.push(flow.clone());
        self.ids.insert(flow.clone(), id);
        id
    }

    pub(crate) fn get(&self, id: FlowId) -> Option<&Allowed> {
        self.flows.get(id.0 as usize)
    }

    /// What both let through.
    pub(crate) fn and(&mut self, a: FlowId, b: FlowId) -> FlowId {
        if a == FlowId::ALL || a == b {
            return b;
        }
        if b == FlowId::ALL {
            return a;
        }
        if a == FlowId::NONE || b == FlowId::NONE {
            return FlowId::NONE;
        }
        let key = (a.min(b), a.max(b));
        if let Some(id) = self.both.get(&key) {
            return *id;
        }
        let flow = match (self.get(a), self.get(b)) {
            (Some(a), Some(b)) => a.and(b),
            _ => Allowed::none(),
        };
        let id = self.id(&flow);
        self.both.insert(key, id);
        id
    }
}
