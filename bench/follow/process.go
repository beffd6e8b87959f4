package follow

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// process is a server in a process of its own.
type process struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Scanner
	address string
}

func start(name string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(program)}
	p.cmd.Env = append(os.Environ(), childName+"="+name)
	p.cmd.Stderr = os.Stderr
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	t, err := p.answer()
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.address = t.Address
	return p, nil
}

// order tells the server what to do.
func (p *process) order(o order) error { return json.NewEncoder(p.orders).Encode(o) }

// answer is the next one.
func (p *process) answer() (t told, err error) {
	if !p.answers.Scan() {
		return t, errors.Join(errors.New("the server process ended"), p.answers.Err())
	}
	if err := json.Unmarshal(p.answers.Bytes(), &t); err != nil {
		return t, err
	}
	if t.Error != "" {
		return t, fmt.Errorf("server: %s", t.Error)
	}
	return t, nil
}

// ask is an order and its answer.
func (p *process) ask(o order) (told, error) {
	if err := p.order(o); err != nil {
		return told{}, err
	}
	return p.answer()
}

// close ends the orders, and so the server.
func (p *process) close() error {
	return errors.Join(p.orders.Close(), p.cmd.Wait())
}
