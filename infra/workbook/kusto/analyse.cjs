// Reads {"modules", "tables", "queries"} from standard input; tells of each query what Microsoft's own language service
// finds wrong with it, the columns of its result, and the texts that it compares with and looks up.
"use strict";

const input = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const service = `${input.modules}/@kusto/language-service-next`;
require(`${service}/bridge.min.js`);
require(`${service}/Kusto.Language.Bridge.min.js`);

const { KustoCode, GlobalState, Symbols, Syntax } = Kusto.Language;
const COMPARISONS = new Set(["EqualExpression", "NotEqualExpression", "InExpression", "NotInExpression"]);

const tables = Object.entries(input.tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
  return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
});
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("component", tables, false));

const kind = (node) => System.Enum.toString(Syntax.SyntaxKind, node.Kind);

function place(text, offset) {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: lines.at(-1).length + 1 };
}

function literals(node) {
  const found = [];
  Syntax.SyntaxElement.WalkNodes(node, (one) => {
    if (kind(one) === "StringLiteralExpression") found.push(one);
  });
  return found;
}

function analyse(text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const problems = Bridge.toArray(code.GetDiagnostics()).map((one) => ({
    ...place(text, one.Start),
    message: one.Message,
  }));
  const looked = [];
  const compared = [];
  const inside = new Set();
  const tell = (one) => ({ ...place(text, one.TextStart), text: one.LiteralValue });
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const path = kind(node) === "PathExpression" ? String(node).trim().split(".") : [];
    if (path[0] === "customDimensions") looked.push({ ...place(text, node.TextStart), text: path.slice(1).join(".") });
    if (kind(node) === "ElementExpression") {
      for (const one of literals(node)) {
        inside.add(one.TextStart);
        looked.push(tell(one));
      }
    }
  });
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    if (!COMPARISONS.has(kind(node))) return;
    for (const one of literals(node)) {
      if (inside.has(one.TextStart)) continue;
      inside.add(one.TextStart);
      compared.push(tell(one));
    }
  });
  const columns = code.ResultType?.Columns ? Bridge.toArray(code.ResultType.Columns) : [];
  const used = tables.filter((table) => new RegExp(`^\\s*${table.Name}\\b`, "m").test(text));
  return {
    problems,
    looked,
    compared,
    columns: columns.map((one) => [one.Name, one.Type.Name]),
    tables: used.map((one) => one.Name),
  };
}

const answers = Object.entries(input.queries).map(([name, text]) => [name, analyse(text)]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
