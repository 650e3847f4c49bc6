use serde_json::{Map, Value};

use crate::{Context, Template, TemplateError, Templates};

/// A value whose texts, at any depth of its lists and maps, are templates. Keys of maps are left as they are.
#[derive(Clone, Debug)]
pub struct ValueTemplate(Node);

#[derive(Clone, Debug)]
enum Node {
    /// Nothing to render below here.
    Plain(Value),
    Text(Box<Template>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl ValueTemplate {
    pub(crate) fn compile(templates: &Templates, value: &Value) -> Result<Self, TemplateError> {
        node(templates, value).map(Self)
    }

    /// Whether there is no template syntax in it: it renders to itself.
    pub fn is_plain(&self) -> bool {
        matches!(self.0, Node::Plain(_))
    }

    /// Whether any text in it speaks of a name of the context, such as `host`.
    pub fn mentions(&self, name: &str) -> bool {
        self.0.mentions(name)
    }

    /// Renders every text; one that is exactly one `{{ expression }}` keeps the type of the expression.
    pub fn render(&self, context: &Context) -> Result<Value, TemplateError> {
        self.0.render(context)
    }
}

fn node(templates: &Templates, value: &Value) -> Result<Node, TemplateError> {
    let found = match value {
        Value::String(text) => {
            let template = templates.compile(text)?;
            if template.is_plain() {
                return Ok(Node::Plain(value.clone()));
            }
            return Ok(Node::Text(Box::new(template)));
        }
        Value::Array(list) => Node::List(list.iter().map(|value| node(templates, value)).collect::<Result<_, _>>()?),
        Value::Object(map) => Node::Map(
            map.iter().map(|(key, value)| Ok((key.clone(), node(templates, value)?))).collect::<Result<_, _>>()?,
        ),
        _ => return Ok(Node::Plain(value.clone())),
    };
    Ok(if found.is_plain_below() { Node::Plain(value.clone()) } else { found })
}

impl Node {
    fn is_plain_below(&self) -> bool {
        let plain = |node: &Node| matches!(node, Self::Plain(_));
        match self {
            Self::Plain(_) => true,
            Self::Text(_) => false,
            Self::List(list) => list.iter().all(plain),
            Self::Map(map) => map.iter().all(|(_, node)| plain(node)),
        }
    }

    fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Text(template) => template.mentions(name),
            Self::List(list) => list.iter().any(|node| node.mentions(name)),
            Self::Map(map) => map.iter().any(|(_, node)| node.mentions(name)),
        }
    }

    fn render(&self, context: &Context) -> Result<Value, TemplateError> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Text(template) => template.render_value(context),
            Self::List(list) => {
                list.iter().map(|node| node.render(context)).collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Map(map) => map
                .iter()
                .map(|(key, node)| Ok((key.clone(), node.render(context)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }
}
