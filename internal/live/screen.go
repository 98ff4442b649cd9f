package live

import (
	"context"
	"errors"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A Screen draws a board on a terminal until its context ends. It takes the
// lines below the cursor, not the whole terminal, and leaves them empty.
type Screen struct {
	program *tea.Program
}

// refresh is how often a screen is drawn: often enough to look alive, and
// rarely enough to cost a load generator nothing.
const refresh = 200 * time.Millisecond

// NewScreen returns a screen over a board. Keys are read from in; it may be
// nil. interrupt is called for Ctrl-C, which a terminal in raw mode hands over
// as a key and not as a signal.
func NewScreen(b *Board, in io.Reader, out io.Writer, interrupt func()) *Screen {
	m := model{board: b, width: 80, height: 24, interrupt: interrupt}
	return &Screen{program: tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(),
		tea.WithFPS(int(time.Second/refresh)))}
}

// Run draws until ctx ends and restores the terminal before it returns.
func (s *Screen) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.program.Quit)
	defer stop()
	_, err := s.program.Run()
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}

// Print puts a line above the drawing, where it stays.
func (s *Screen) Print(line string) { s.program.Println(line) }

// A model is the state of a screen, as bubbletea wants it.
type model struct {
	board         *Board
	now           time.Time
	width, height int
	interrupt     func()
	interrupted   int
	over          bool
}

type tick time.Time

func (m model) Init() tea.Cmd { return next(0) }

func next(after time.Duration) tea.Cmd {
	return tea.Tick(after, func(t time.Time) tea.Msg { return tick(t) })
}

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		m.now = time.Time(msg)
		return m, next(refresh)
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+c" {
			m.interrupted++
			m.interrupt()
		}
	case tea.QuitMsg:
		m.over = true
	}
	return m, nil
}

func (m model) View() tea.View {
	if m.over || m.now.IsZero() {
		return tea.NewView("")
	}
	return tea.NewView(m.draw())
}
