package borrowcheck

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

// Analyzer reports borrowed messages and bytes that outlive their turn.
var Analyzer = &analysis.Analyzer{
	Name:      "borrowcheck",
	Doc:       "report borrowed messages and bytes that outlive their turn\n\nA pelton.View, a native.Message and the bytes that they give are lent for one turn. Stored in a field, variable, map or channel, given to a goroutine, or returned, they will be the bytes of another message. Own() and bytes.Clone copy.",
	URL:       "https://pkg.go.dev/github.com/peltonhq/pelton/sdk/borrowcheck",
	Run:       run,
	FactTypes: []analysis.Fact{new(Lends), new(Effect), new(Checked)},
}

// checker is the analysis of one package.
type checker struct {
	shapes

	pass    *analysis.Pass
	effects map[*types.Func]*Effect
	flows   []*flow
	bodies  map[*types.Func][]*types.Func // implementations of a method of an interface
	values  map[*types.Func]bool          // functions and methods that are used as values: they may be called by any variable
	given   map[*ssa.Function]bool        // functions whose arguments are borrowed, by the type that they were converted to
	told    map[string]bool
}

func run(pass *analysis.Pass) (any, error) {
	if isStandard(pass) {
		return nil, nil //nolint:nilnil // the analyzer has no result
	}
	pass.ExportPackageFact(new(Checked))
	m := readMarks(pass)
	c := &checker{
		shapes: shapes{marks: m, held: make(map[types.Type]bool)}, pass: pass, effects: make(map[*types.Func]*Effect),
		bodies: make(map[*types.Func][]*types.Func), values: make(map[*types.Func]bool), given: make(map[*ssa.Function]bool), told: make(map[string]bool),
	}
	c.begin()
	for news := true; news; {
		news = false
		for _, f := range c.flows {
			news = f.run() || news
		}
	}
	for _, f := range c.flows {
		f.telling = true
		f.run()
		if object, ok := f.fn.Object().(*types.Func); ok && !f.effect.quiet() {
			pass.ExportObjectFact(originOf(object), f.effect)
		}
	}
	m.complain()
	return nil, nil
}

// isStandard reports whether the package is of the standard library, which has no facts: see stdlib.
func isStandard(pass *analysis.Pass) bool {
	if pass.Module != nil && pass.Module.Path != "" {
		return false
	}
	first, _, _ := strings.Cut(pass.Pkg.Path(), "/")
	return !strings.Contains(first, ".") && first != "command-line-arguments"
}

// begin builds the package's functions and a flow for each declared one.
func (c *checker) begin() {
	prog := ssa.NewProgram(c.pass.Fset, 0)
	for _, p := range c.pass.Pkg.Imports() {
		prog.CreatePackage(p, nil, nil, true)
	}
	pkg := prog.CreatePackage(c.pass.Pkg, c.pass.Files, c.pass.TypesInfo, false)
	pkg.Build()
	for _, file := range c.pass.Files {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			object := c.pass.TypesInfo.Defs[d.Name].(*types.Func)
			if fn := prog.FuncValue(object); fn != nil && fn.Blocks != nil {
				c.effects[object] = new(Effect)
				c.flows = append(c.flows, newFlow(c, fn, c.effects[object]))
			}
		}
	}
	c.flows = append(c.flows, newFlow(c, pkg.Func("init"), new(Effect))) // variables that are functions
	for _, f := range c.flows {
		f.prepare()
	}
}

// effectOf is what is known of a function.
func (c *checker) effectOf(callee *ssa.Function, args []ssa.Value) *Effect {
	object, _ := callee.Object().(*types.Func)
	object = originOf(object)
	if object == nil || object.Pkg() == nil {
		return c.unknown(callee.Signature)
	}
	if recv := object.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		return c.invoked(recv.Type(), object)
	}
	if object.Pkg() == c.pass.Pkg {
		if e := c.effects[object]; e != nil {
			return e
		}
		return c.unknown(callee.Signature)
	}
	e := new(Effect)
	if forgetting[object.FullName()] || c.pass.ImportObjectFact(object, e) || c.isChecked(object.Pkg()) {
		return e
	}
	kinds := make([]types.Type, len(args))
	for i, a := range args {
		kinds[i] = a.Type()
	}
	return c.stdlib(object, kinds)
}

// isChecked reports whether the functions of a package have facts: a package of the standard library has none.
func (c *checker) isChecked(pkg *types.Package) bool {
	return pkg != nil && (pkg == c.pass.Pkg || c.pass.ImportPackageFact(pkg, new(Checked)))
}

// unknown is what is assumed of a function that is not known: it keeps nothing, and what it returns may be any of its
// arguments, itself first.
func (c *checker) unknown(s *types.Signature) *Effect {
	e := new(Effect)
	for i := range s.Results().Len() {
		t := s.Results().At(i).Type()
		switch {
		case isError(t):
			e.result(i, 0)
		case c.lenders(t):
			e.result(i, params|borrowed)
		default:
			e.result(i, params)
		}
	}
	return e
}

// invoked is what is known of a method of an interface: that of an unknown function, and whatever the types of this
// package and of those that it imports do in it.
func (c *checker) invoked(t types.Type, method *types.Func) *Effect {
	e := c.unknown(method.Signature())
	for _, body := range c.implementations(t, method) {
		known := new(Effect)
		if body.Pkg() == c.pass.Pkg {
			if known = c.effects[body]; known == nil {
				continue
			}
		} else if !c.pass.ImportObjectFact(body, known) {
			continue
		}
		e.keep(known.Keeps)
		for i, from := range known.Into {
			e.into(i, from)
		}
	}
	return e
}

// dynamic is what is known of a function that a variable holds: that of an unknown one, and what the functions of this
// type do that the package uses as values. Parameter 0 is the function itself, which has the receiver of a method.
func (c *checker) dynamic(s *types.Signature) *Effect {
	e := c.unknown(s)
	for object := range c.values {
		known, sig := c.effects[originOf(object)], object.Signature()
		if known == nil || !types.Identical(plain(sig), plain(s)) {
			continue
		}
		shift := 1
		if sig.Recv() != nil {
			shift = 0
		}
		e.keep(known.Keeps << shift & params)
		for i, from := range known.Into {
			e.into(i+shift, from<<shift&params)
		}
	}
	return e
}

// plain is the type of a function without its receiver.
func plain(s *types.Signature) *types.Signature {
	return types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())
}

func (c *checker) implementations(t types.Type, method *types.Func) []*types.Func {
	if known, ok := c.bodies[method]; ok {
		return known
	}
	c.bodies[method] = nil
	iface, ok := t.Underlying().(*types.Interface)
	if !ok || iface.NumMethods() == 0 {
		return nil
	}
	// What io.Writer and the like may do with their arguments is said by their contracts.
	ours := c.isChecked(method.Pkg())
	for _, pkg := range append([]*types.Package{c.pass.Pkg}, c.pass.Pkg.Imports()...) {
		if pkg != c.pass.Pkg && (!ours || !c.isChecked(pkg)) {
			continue
		}
		for _, name := range pkg.Scope().Names() {
			n, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || n.IsAlias() || types.IsInterface(n.Type()) || isGeneric(n.Type()) {
				continue
			}
			if p := types.NewPointer(n.Type()); types.Implements(p, iface) {
				found, _, _ := types.LookupFieldOrMethod(p, true, method.Pkg(), method.Name())
				if body, ok := found.(*types.Func); ok {
					c.bodies[method] = append(c.bodies[method], originOf(body))
				}
			}
		}
	}
	return c.bodies[method]
}

func isGeneric(t types.Type) bool {
	n, ok := t.(*types.Named)
	return ok && n.TypeParams().Len() > 0
}
