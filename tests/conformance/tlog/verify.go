// Verifies a tlog-tiles folder with golang.org/x/mod: signature, every entry against its leaf hash, every tile that leads
// to the root, consistency with older checkpoints, inclusion proofs, and the witness's cosignatures.
//
//	verify LOG_FOLDER VKEY [FOLDER]
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// Reads tiles from a folder. x/mod puts the tile height into the path and has other names for full tiles' data; C2SP
// tlog-tiles fixes the height at 8 and leaves it out.
type folder string

func (f folder) Height() int                              { return height }
func (f folder) SaveTiles(tiles []tlog.Tile, _ [][]byte)   {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		data, err := f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		if want := tile.W * tlog.HashSize; len(data) < want {
			return nil, fmt.Errorf("%s is too short", tile.Path())
		} else {
			out = append(out, data[:want])
		}
	}
	return out, nil
}

// A partial tile may have been replaced by the full one.
func (f folder) read(path string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(f), path))
	if cut := strings.Index(path, ".p/"); errors.Is(err, os.ErrNotExist) && cut >= 0 {
		return os.ReadFile(filepath.Join(string(f), path[:cut]))
	}
	return data, err
}

func (f folder) bundle(index, width int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: -1, N: index, W: int(width)}
	data, err := f.read(strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for int64(len(entries)) < width {
		if len(data) < 2 {
			return nil, fmt.Errorf("bundle %d is cut off", index)
		}
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return nil, fmt.Errorf("bundle %d is cut off", index)
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	return entries, nil
}

// cosigner verifies c2sp.org/tlog-cosignature v1, which x/mod does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, []byte(message), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed witness key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not a cosigner's key")
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(digest[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the witness key has the wrong id")
	}
	return cosigner{parts[0], hash, ed25519.PublicKey(key[1:])}, nil
}

func openCheckpoint(data []byte, signers int, keys ...note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != signers {
		return tlog.Tree{}, fmt.Errorf("%d valid signatures, want %d", len(opened.Sigs), signers)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != keys[0].Name() {
		return tlog.Tree{}, errors.New("malformed checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// Every entry, hashed here, against the leaf hash that the tiles prove to be in the tree.
func checkEntries(log folder, tree tlog.Tree, reader tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += 256 {
		width := tree.N - start
		if width > 256 {
			width = 256
		}
		entries, err := log.bundle(start/256, width)
		if err != nil {
			return err
		}
		var indexes []int64
		for at := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, start+int64(at)))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, entry := range entries {
			if tlog.RecordHash(entry) != hashes[at] {
				return fmt.Errorf("entry %d does not have its leaf hash", start+int64(at))
			}
		}
	}
	return nil
}

func checkProof(path string, tree tlog.Tree) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(data), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a log proof")
	}
	index, err := strconv.ParseInt(lines[1][len("index "):], 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		if line == "" {
			break
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	leaf := tlog.RecordHash([]byte(fmt.Sprintf("entry %d", index)))
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf)
}

func run(logFolder, vkey, extra string) error {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(logFolder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(data, 1, key)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	log := folder(logFolder)
	reader := tlog.TileHashReader(tree, log)
	if root, err := tlog.TreeHash(tree.N, reader); err != nil {
		return err
	} else if root != tree.Hash {
		return errors.New("the tiles do not have the checkpoint's root")
	}
	if err := checkEntries(log, tree, reader); err != nil {
		return err
	}
	proofs, olders := 0, 0
	if extra != "" {
		witnessKey, err := os.ReadFile(filepath.Join(extra, "witness.vkey"))
		if err != nil {
			return err
		}
		witness, err := newCosigner(strings.TrimSpace(string(witnessKey)))
		if err != nil {
			return err
		}
		checkpoints, _ := filepath.Glob(filepath.Join(extra, "checkpoints", "*"))
		for _, path := range checkpoints {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			older, err := openCheckpoint(data, 2, key, witness)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			proof, err := tlog.ProveTree(tree.N, older.N, reader)
			if err != nil {
				return err
			}
			if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			olders++
		}
		files, _ := filepath.Glob(filepath.Join(extra, "proofs", "*.tlog-proof"))
		for _, path := range files {
			if err := checkProof(path, tree); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			proofs++
		}
		if olders == 0 || proofs == 0 {
			return errors.New("there are no checkpoints or no proofs to check")
		}
	}
	fmt.Printf("Go x/mod: %d entries, %d older checkpoints with their cosignatures, %d inclusion proofs\n", tree.N, olders, proofs)
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify LOG_FOLDER VKEY [FOLDER]")
		os.Exit(2)
	}
	extra := ""
	if len(os.Args) > 3 {
		extra = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], extra); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}
