//! A cluster's ordinary days, made up: the same each time.

/// The first hour, since 1970: Monday, 2 November 2026.
pub(crate) const FIRST_HOUR: i64 = 498_216;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) user: String,
    pub(crate) groups: &'static [&'static str],
    pub(crate) agent: &'static str,
    pub(crate) address: String,
    pub(crate) verb: &'static str,
    pub(crate) group: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) subresource: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) hour: i64,
    pub(crate) number: u64,
}

impl Request {
    /// As the apiserver writes it.
    pub(crate) fn json(&self) -> String {
        let Self { user, agent, address, verb, group, resource, subresource, namespace, name, body, .. } =
            self;
        let groups = self.groups.iter().map(|group| format!(r#""{group}","#)).collect::<String>();
        let (day, hour) = (self.hour.div_euclid(24), self.hour.rem_euclid(24));
        // 20,788 days after 1970 November ends.
        let (month, day) = if day < 20_788 { (11, day - 20_757) } else { (12, day - 20_787) };
        let body = if body.is_empty() { String::new() } else { format!(r#""requestObject":{body},"#) };
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"{id}","stage":"ResponseComplete",
            "requestURI":"/{resource}","verb":"{verb}","user":{{"username":"{user}","groups":[{groups}"system:authenticated"]}},
            "sourceIPs":["{address}"],"userAgent":"{agent}","objectRef":{{"resource":"{resource}","namespace":"{namespace}",
            "name":"{name}","apiGroup":"{group}","subresource":"{subresource}"}},"responseStatus":{{"code":200}},{body}
            "requestReceivedTimestamp":"2026-{month:02}-{day:02}T{hour:02}:{minute:02}:00.000000Z"}}"#,
            id = self.number,
            minute = self.number % 60,
        )
    }
}

/// Numbers that look like chance.
#[derive(Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        // Source: S. Vigna, *splitmix64*, 2015.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    /// So many times in a hundred.
    fn is(&mut self, percent: u64) -> bool {
        self.next(100) < percent
    }
}

pub(crate) const TEAMS: [&str; 4] = ["shop", "cart", "search", "billing"];
const DEVELOPERS: [(&str, usize); 8] =
    [("ann", 0), ("ben", 0), ("cem", 1), ("dana", 1), ("edo", 2), ("fay", 2), ("gus", 3), ("hana", 3)];

/// The requests of one hour.
pub(crate) struct Hour<'c> {
    pub(crate) chance: &'c mut Chance,
    pub(crate) hour: i64,
    pub(crate) requests: Vec<Request>,
}

impl Hour<'_> {
    fn day(&self) -> i64 {
        (self.hour - FIRST_HOUR).div_euclid(24)
    }

    fn of_day(&self) -> i64 {
        self.hour.rem_euclid(24)
    }

    fn works(&self) -> bool {
        self.day().rem_euclid(7) < 5 && (8..18).contains(&self.of_day())
    }

    fn send(
        &mut self,
        who: &Request,
        verb: &'static str,
        what: (&'static str, &'static str),
        namespace: &str,
    ) {
        let (resource, subresource) = what;
        let number = self.chance.next(1 << 60);
        let group = match resource {
            "deployments" | "statefulsets" | "daemonsets" | "replicasets" => "apps",
            "jobs" | "cronjobs" => "batch",
            "roles" | "rolebindings" | "clusterrolebindings" => "rbac.authorization.k8s.io",
            "selfsubjectaccessreviews" => "authorization.k8s.io",
            _ => "",
        };
        self.requests.push(Request {
            verb,
            group,
            resource,
            subresource,
            namespace: namespace.to_owned(),
            name: format!("{resource}-{:x}", number % 4096),
            hour: self.hour,
            number,
            ..who.clone()
        });
    }

    fn deploy(
        &mut self,
        who: &Request,
        verb: &'static str,
        resource: &'static str,
        namespace: &str,
        image: &str,
    ) {
        let tag = self.chance.next(1000);
        let container = format!(r#"{{"name":"main","image":"registry.example:5000/{image}:1.{tag}"}}"#);
        let spec = format!(r#""spec":{{"containers":[{container}]}}"#);
        let spec = if resource == "pods" { spec } else { format!(r#""spec":{{"template":{{{spec}}}}}"#) };
        let who = Request { body: format!("{{{spec}}}"), ..who.clone() };
        self.send(&who, verb, (resource, ""), namespace);
    }

    fn bind(&mut self, who: &Request, namespace: &str, role: &str) {
        let body = format!(r#"{{"roleRef":{{"kind":"ClusterRole","name":"{role}"}}}}"#);
        self.send(&Request { body, ..who.clone() }, "create", ("rolebindings", ""), namespace);
    }
}

pub(crate) fn who(
    user: &str,
    groups: &'static [&'static str],
    agent: &'static str,
    address: &str,
) -> Request {
    Request {
        user: user.to_owned(),
        groups,
        agent,
        address: address.to_owned(),
        verb: "get",
        group: "",
        resource: "pods",
        subresource: "",
        namespace: String::new(),
        name: String::new(),
        body: String::new(),
        hour: FIRST_HOUR,
        number: 0,
    }
}

pub(crate) fn account(namespace: &str, name: &str, agent: &'static str, node: u64) -> Request {
    let user = format!("system:serviceaccount:{namespace}:{name}");
    who(&user, &["system:serviceaccounts"], agent, &format!("10.0.{}.{}", node % 8, 10 + node))
}

pub(crate) fn developer(name: &str) -> Request {
    let agent = "kubectl/v1.33.1 (darwin/arm64) kubernetes/8adc0f0";
    who(&format!("{name}@example.com"), &["developers"], agent, "203.0.113.7")
}

/// All that happens in an ordinary hour, the first since [`FIRST_HOUR`] having the number 0.
pub(crate) fn hour(chance: &mut Chance, number: i64) -> Vec<Request> {
    let mut hour = Hour { chance, hour: FIRST_HOUR + number, requests: Vec::new() };
    kubernetes(&mut hour);
    operators(&mut hour);
    gitops(&mut hour);
    if hour.works() {
        for (name, team) in DEVELOPERS {
            develop(&mut hour, name, team);
        }
        integrate(&mut hour);
    }
    hour.requests
}

fn kubernetes(hour: &mut Hour<'_>) {
    for node in 0..12 {
        let address = format!("10.0.{}.{}", node % 8, 10 + node);
        let name = format!("system:node:ip-10-0-{node}-{}.internal", hour.day() / 3);
        let node =
            who(&name, &["system:nodes"], "kubelet/v1.33.0 (linux/amd64) kubernetes/60a317e", &address);
        let team = TEAMS[hour.chance.next(4) as usize];
        hour.send(&node, "get", ("secrets", ""), team);
        hour.send(&node, "patch", ("pods", "status"), team);
        hour.send(&node, "create", ("serviceaccounts", "token"), team);
    }
    let agent = "kube-controller-manager/v1.33.0 (linux/amd64) kubernetes/60a317e/system:serviceaccount";
    for controller in ["replicaset-controller", "daemon-set-controller", "job-controller"] {
        let controller = account("kube-system", controller, agent, 250);
        let team = TEAMS[hour.chance.next(4) as usize];
        hour.deploy(&controller, "create", "pods", team, team);
    }
}

fn operators(hour: &mut Hour<'_>) {
    let metrics = account("monitoring", "kube-state-metrics", "kube-state-metrics/v2.15.0 (linux/amd64)", 1);
    for what in ["secrets", "pods", "deployments"] {
        hour.send(&metrics, "watch", (what, ""), "");
    }
    let certificates = account("cert-manager", "cert-manager", "cert-manager-certificates/v1.18.2", 2);
    hour.send(&certificates, "watch", ("secrets", ""), "");
    if hour.chance.is(30) {
        let team = TEAMS[hour.chance.next(4) as usize];
        hour.send(&certificates, "update", ("secrets", ""), team);
    }
    let secrets = account("external-secrets", "external-secrets", "external-secrets/v0.18.0", 3);
    for team in TEAMS {
        hour.send(&secrets, "get", ("secrets", ""), team);
    }
    let monitors = account("monitoring", "prometheus-operator", "PrometheusOperator/0.83.0", 4);
    hour.deploy(&monitors, "update", "statefulsets", "monitoring", "prometheus");
    hour.send(&monitors, "get", ("secrets", ""), "monitoring");
    // Nightly: a backup reads all and runs its hooks, a report reads its password.
    if hour.of_day() == 2 {
        let backup = account("backup", "velero", "velero-server/v1.16.1 (linux/amd64)", 5);
        for namespace in ["shop", "cart", "search", "billing", "monitoring", "backup"] {
            hour.send(&backup, "list", ("secrets", ""), namespace);
        }
        hour.send(&backup, "create", ("pods", "exec"), "shop");
    }
    if hour.of_day() == 3 {
        let report = account("billing", "report", "python-kubernetes/32.0.0", 6);
        hour.send(&report, "get", ("secrets", ""), "billing");
        hour.deploy(&report, "create", "jobs", "billing", "report");
    }
    // On the tenth day somebody installs one more.
    if hour.day() >= 9 {
        let mesh = account("istio-system", "istiod", "pilot-discovery/1.26.0 (linux/amd64)", 7);
        hour.send(&mesh, "watch", ("secrets", ""), "");
        hour.send(&mesh, "get", ("secrets", ""), "istio-system");
    }
}

fn gitops(hour: &mut Hour<'_>) {
    let argo = account("argocd", "argocd-application-controller", "argocd-application-controller/v3.0.6", 8);
    for team in TEAMS {
        hour.deploy(&argo, "patch", "deployments", team, team);
        if hour.chance.is(10) {
            hour.send(&argo, "get", ("secrets", ""), team);
        }
    }
    // A preview of a change, in a namespace of its own.
    if hour.works() && hour.chance.is(25) {
        let namespace = format!("preview-{}", hour.hour);
        let team = TEAMS[hour.chance.next(4) as usize];
        hour.send(&argo, "create", ("namespaces", ""), "");
        hour.deploy(&argo, "create", "deployments", &namespace, team);
        hour.bind(&argo, &namespace, "edit");
        let pods = account(&namespace, "default", "preview/0.1", 9);
        hour.send(&pods, "get", ("configmaps", ""), &namespace);
    }
}

fn develop(hour: &mut Hour<'_>, name: &str, team: usize) {
    if hour.chance.is(25) {
        return;
    }
    let mut who = developer(name);
    // Some days from home.
    if (hour.day() + team as i64) % 3 == 0 {
        who.address = format!("198.51.100.{}", 10 + team);
    }
    let own = TEAMS[team];
    let namespace = if hour.chance.is(20) { TEAMS[(team + 1) % 4] } else { own };
    for what in [("pods", ""), ("pods", "log"), ("events", ""), ("deployments", "")] {
        hour.send(&who, "list", what, namespace);
    }
    if hour.chance.is(35) {
        hour.send(&who, "create", ("pods", "exec"), own);
    }
    if hour.chance.is(20) {
        hour.send(&who, "get", ("secrets", ""), own);
    }
    if hour.chance.is(25) {
        hour.deploy(&who, "patch", "deployments", own, own);
    }
    if hour.chance.is(20) {
        let body =
            r#"{"spec":{"resourceAttributes":{"verb":"create","resource":"pods","subresource":"exec"}}}"#;
        let asks = Request { body: body.to_owned(), ..who };
        hour.send(&asks, "create", ("selfsubjectaccessreviews", ""), "");
    }
}

fn integrate(hour: &mut Hour<'_>) {
    let session = format!("arn:aws:sts::111122223333:assumed-role/ci/botocore-session-{}", hour.hour * 3600);
    let integration = who(&session, &["ci"], "helm/3.18.0", "192.0.2.20");
    let team = hour.chance.next(4) as usize;
    // Tests come and go with images that nobody has run before.
    let image = if hour.chance.is(30) { format!("test-{}", hour.hour) } else { TEAMS[team].to_owned() };
    hour.deploy(&integration, "create", "jobs", TEAMS[team], &image);
    hour.send(&integration, "list", ("secrets", ""), TEAMS[team]);
    hour.send(&integration, "update", ("secrets", ""), TEAMS[team]);
}
