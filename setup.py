"""What installs, and why."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="sentifish",
    version="0.1.0",
    description="A layered deep-learning mini-framework in the style of the fish book, with a sentiment model",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    url="https://github.com/sentifish/sentifish",
    project_urls={
        "Documentation": "https://github.com/sentifish/sentifish/tree/main/docs",
        "Changes": "https://github.com/sentifish/sentifish/blob/main/CHANGES.md",
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
    ],
    packages=find_packages(include=["common*", "dataset*", "ch_*"]),
    package_data={"ch_sentiment.export": ["page_files/*"]},  # the HTML, CSS and JavaScript of `--page`
    python_requires=">=3.11",
    install_requires=[
        "numpy>=1.26",  # the arithmetic; 1.26 is the oldest that CI runs
        "matplotlib>=3.8",  # the figures beside each model
        "threadpoolctl>=3.2",  # limits BLAS to one thread while layers compute, also after NumPy was imported
        "pooch[progress]>=1.8",  # fetches data and checks it; its extra is tqdm, the progress bar
    ],
    extras_require={
        "test": [
            "pytest>=8",  # runs the tests
            "pytest-xdist>=3.5",  # runs them on all cores
            "hypothesis>=6",  # looks for the text or the batch that breaks a promise
            "scikit-learn>=1.6",  # the estimators are tried in its own searches, votes and pipelines
            "pandas>=2",  # columns of texts and labels as people have them
            "onnx>=1.17",  # writes the graphs that are compared
            "onnxruntime>=1.20",  # runs them
            "safetensors>=0.4",  # reads what `--safetensors` writes
            "rjieba>=0.2",  # the words of Chinese texts
            "gensim>=4.3",  # writes the files of word vectors that are read
        ],
        "sklearn": ["scikit-learn>=1.6"],  # `SentimentClassifier` in pipelines and searches; it works without, too
        "onnx": ["onnx>=1.17"],  # `sentifish export --onnx`
        "zh": ["rjieba>=0.2"],  # `--tokenizer words`: Chinese texts as words instead of characters
        "mpi": [
            "mpi4py>=4",  # `mpiexec -n 2 sentifish train`
            "mpich",  # the engine below it, with its mpiexec: no system package is needed
        ],
        "gpu": ["cupy-cuda12x[ctk]>=14; sys_platform != 'darwin'"],  # `--device gpu`: CuPy and CUDA's libraries
        "bench": ["torch>=2.2"],  # what the speed of the layers is measured against
    },
    entry_points={"console_scripts": ["sentifish = ch_sentiment.__main__:main"]},
)
