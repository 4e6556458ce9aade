//! What the node says of NetworkPolicies: JSON, and what it comes to in `policy`.
//!
//! Owns: the shapes. Does not own: their meaning.

use serde::Deserialize;
use wire::Transport;

use crate::network::Network;
use crate::policy::{Block, Policies, Ports, Rule, Rules};
use crate::requests::Protocol;

/// What has changed.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    #[serde(default)]
    rules: Vec<PodRules>,
    #[serde(default)]
    groups: Vec<Group>,
    /// Pods that are open from now on.
    #[serde(default)]
    open: Vec<String>,
    /// Groups that no rule names any more.
    #[serde(default)]
    gone: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct PodRules {
    pod: String,
    ingress: Option<Vec<RuleText>>,
    egress: Option<Vec<RuleText>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Group {
    group: String,
    pods: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct RuleText {
    #[serde(default)]
    anyone: bool,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    blocks: Vec<BlockText>,
    ports: Option<Vec<(Protocol, u16, u16)>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct BlockText {
    cidr: String,
    #[serde(default)]
    except: Vec<String>,
}

impl Changes {
    /// Carries them out, all or, where a network is none, nothing: its text is the error.
    pub(crate) fn perform(self, policies: &mut Policies) -> Result<(), String> {
        let rules = self.rules.into_iter().map(PodRules::read).collect::<Result<Vec<_>, _>>()?;
        // Groups first: a rule that is new may name one that is new.
        self.groups.into_iter().for_each(|one| policies.set_group(one.group, one.pods.into_iter().collect()));
        rules.into_iter().for_each(|(pod, rules)| policies.set_rules(pod, rules));
        self.open.iter().for_each(|pod| policies.remove_rules(pod));
        self.gone.iter().for_each(|group| policies.remove_group(group));
        Ok(())
    }
}

impl PodRules {
    fn read(self) -> Result<(String, Rules), String> {
        let read = |texts: Option<Vec<RuleText>>| {
            texts.map(|texts| texts.into_iter().map(RuleText::read).collect::<Result<Vec<_>, _>>()).transpose()
        };
        Ok((self.pod, Rules { ingress: read(self.ingress)?, egress: read(self.egress)? }))
    }
}

impl RuleText {
    fn read(self) -> Result<Rule, String> {
        let ports = |(protocol, first, last)| Ports { transport: Transport::from(protocol), first, last };
        Ok(Rule {
            anyone: self.anyone,
            groups: self.groups,
            blocks: self.blocks.into_iter().map(BlockText::read).collect::<Result<_, _>>()?,
            ports: self.ports.map(|all| all.into_iter().map(ports).collect()),
        })
    }
}

impl BlockText {
    fn read(self) -> Result<Block, String> {
        let network = |text: &String| Network::parse(text).ok_or_else(|| format!("{text:?} is no network"));
        let except = self.except.iter().map(network).collect::<Result<_, _>>()?;
        Ok(Block { whole: network(&self.cidr)?, except })
    }
}
