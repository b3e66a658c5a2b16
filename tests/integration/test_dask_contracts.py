"""What lazy layers rely on in dask, one test for each: a release that breaks one says so by its name."""

import pickle
from dataclasses import dataclass, field

import dask
import dask.array as da
import numpy as np
import pytest
from dask._task_spec import DataNode, Task, TaskRef
from dask.array.core import normalize_chunks
from dask.base import clone_key
from dask.graph_manipulation import bind, checkpoint, clone
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer
from dask.tokenize import tokenize
from dask.utils import parse_bytes

from gridr_dask.graph.layer import BlockLayer, TaskLayer


@dataclass
class Counting:
    """Blocks that are twice those of another array, and a record of the tasks that were made."""

    source: str
    made: list = field(default_factory=list)

    def task(self, key, index):
        self.made.append(index)
        return Task(key, np.multiply, TaskRef((self.source, *index)), 2)


@pytest.fixture
def source():
    return da.from_array(np.arange(64.0).reshape(8, 8), chunks=2)


@pytest.fixture
def recipe(source):
    return Counting(source.name)


@pytest.fixture
def doubled(source, recipe):
    layer = BlockLayer("doubled", source.numblocks, recipe)
    graph = HighLevelGraph.from_collections("doubled", layer, dependencies=[source])
    return da.Array(graph, "doubled", source.chunks, dtype=source.dtype)


TWICE = 2 * np.arange(64.0).reshape(8, 8)


def layer_of(array):
    return array.dask.layers["doubled"]


def test_an_array_of_a_lazy_layer_makes_no_task(doubled, recipe):
    assert isinstance(layer_of(doubled), Layer)
    assert doubled.shape == (8, 8)
    repr(doubled)
    assert recipe.made == []


def test_a_graph_is_cut_down_by_the_cull_of_its_layers(doubled, recipe):
    keys = {("doubled", 0, 1), ("doubled", 3, 3)}
    culled = doubled.dask.cull(keys)
    assert sorted(recipe.made) == [(0, 1), (3, 3)]
    assert keys <= set(culled.to_dict())
    assert len([key for key in culled.to_dict() if key[0] == "doubled"]) == 2


def test_cull_gives_a_layer_and_the_inputs_of_each_task(doubled, source):
    layer, inputs = layer_of(doubled).cull({("doubled", 1, 2), "other", ("doubled", 9, 9)}, set())
    assert isinstance(layer, TaskLayer)
    assert inputs == {("doubled", 1, 2): {(source.name, 1, 2)}}


def test_a_slice_is_optimized_without_the_other_tasks(doubled, recipe):
    (part,) = dask.optimize(doubled[:2, 2:6])
    assert sorted(recipe.made) == [(0, 1), (0, 2)]
    np.testing.assert_array_equal(part.compute(), TWICE[:2, 2:6])


def test_no_layer_is_asked_for_all_its_keys_when_all_tasks_are_new(doubled, recipe, monkeypatch):
    zeros = da.zeros((8, 8), chunks=2)
    graph = HighLevelGraph.from_collections("doubled", BlockLayer("doubled", (4, 4), recipe), [zeros])
    monkeypatch.setattr(BlockLayer, "get_output_keys", lambda _: pytest.fail("all keys were listed"))
    recipe.source = zeros.name
    dask.optimize(da.Array(graph, "doubled", zeros.chunks, dtype=float)[:2, :2])
    assert recipe.made == [(0, 0)]


def test_a_layer_is_a_mapping_of_its_keys(doubled, recipe):
    layer = layer_of(doubled)
    assert len(layer) == 16
    assert set(layer) == set(layer.get_output_keys())
    assert ("doubled", 3, 3) in layer
    for key in [("doubled", 4, 0), ("doubled", -1, 0), ("doubled", 0), ("other", 0, 0), "doubled", 1]:
        assert key not in layer
        with pytest.raises(KeyError):
            layer[key]
    assert recipe.made == []
    assert not layer.is_materialized()
    assert "BlockLayer" in doubled.dask._repr_html_()


def test_a_pickled_graph_holds_the_recipe_and_no_task(doubled, recipe):
    graph = pickle.loads(pickle.dumps(doubled.dask))
    assert graph.layers["doubled"].recipe == recipe
    assert graph.layers["doubled"].numblocks == (4, 4)
    assert recipe.made == []


def test_annotations_stay_when_a_graph_is_cut_down(source, recipe):
    with dask.annotate(priority=7):
        layer = BlockLayer("doubled", source.numblocks, recipe)
    assert layer.cull({("doubled", 0, 0)}, set())[0].annotations == {"priority": 7}


def test_a_clone_has_keys_of_its_own_and_the_same_values(doubled):
    copy = clone(doubled)
    assert not set(copy.dask) & set(doubled.dask)
    np.testing.assert_array_equal(copy.compute(), TWICE)
    np.testing.assert_array_equal(clone(copy).compute(), TWICE)


def test_a_clone_can_keep_its_source(doubled, source):
    copy = clone(doubled, omit=source)
    assert set(copy.dask) & set(doubled.dask) == set(source.dask)
    np.testing.assert_array_equal(copy.compute(), TWICE)


def test_a_clone_is_asked_for_by_keys_seed_and_bind_to(doubled):
    layer, bound = layer_of(doubled).clone(keys={("doubled", 0, 0)}, seed=1, bind_to="wait")
    assert bound
    assert clone_key(("doubled", 0, 0), 1) in layer
    assert ("doubled", 0, 1) in layer
    assert "wait" in layer[clone_key(("doubled", 0, 0), 1)].dependencies
    assert clone_key(("doubled", 0, 0), 1)[1:] == (0, 0)


def test_a_bound_array_waits_for_its_parent(doubled, source):
    done = []

    def wait(block):
        done.append("parent")
        return block

    parent = da.zeros(2, chunks=2).map_blocks(wait, meta=np.empty(0))
    late = bind(
        doubled.map_blocks(lambda block: (done.append("child"), block)[1], meta=np.empty((0, 0))), parent
    )
    done.clear()
    np.testing.assert_array_equal(late.compute(scheduler="synchronous"), TWICE)
    assert done == ["parent"] + 16 * ["child"]
    np.testing.assert_array_equal(bind(doubled, parent, omit=source).compute(), TWICE)


def test_a_checkpoint_is_passed(doubled):
    assert checkpoint(doubled).compute() is None


def test_the_clone_of_dask_itself_still_loses_new_tasks():
    # When this fails, `TaskLayer` can go.
    layer = MaterializedLayer({("x", 0): Task(("x", 0), abs, TaskRef(("y", 0)))})
    cloned, _ = layer.clone({("x", 0), ("y", 0)}, seed=1)
    (task,) = cloned.values()
    assert task.dependencies == {("y", 0)}


def test_tasks_can_be_renamed_nested_and_pickled():
    task = Task("a", np.add, TaskRef("b"), 1)
    renamed = task.substitute({"b": "c"}, key="d")
    assert (renamed.key, renamed.dependencies, task.dependencies) == ("d", {"c"}, {"b"})
    assert Task("e", np.add, renamed, TaskRef("f"))({"c": 1, "f": 2}) == 4
    assert pickle.loads(pickle.dumps(renamed))({"c": 1}) == 2
    node = DataNode("g", np.ones(2)).substitute({}, key="h")
    assert (node.key, node.dependencies, node.value.tolist()) == ("h", frozenset(), [1, 1])


def test_names_follow_from_values():
    assert tokenize(Counting("a")) == tokenize(Counting("a")) != tokenize(Counting("b"))
    assert tokenize(np.arange(3)) == tokenize(np.arange(3)) != tokenize(np.arange(3.0))
    lazy = da.zeros(3, chunks=2)
    assert tokenize(lazy) == tokenize(da.zeros(3, chunks=2)) != tokenize(da.zeros(3, chunks=1))


def test_chunks_are_chosen_up_to_a_limit_along_auto_axes():
    chunks = normalize_chunks(("auto", 4, 4), (9, 8, 8), limit=1024, dtype=np.dtype("f8"))
    assert chunks == ((8, 1), (4, 4), (4, 4))


def test_the_configuration_takes_defaults_and_sizes():
    assert dask.config.get("gridr.task-memory")
    with dask.config.set({"gridr.task-memory": "2 MiB"}):
        assert parse_bytes(dask.config.get("gridr.task-memory")) == 2 << 20


def _unfused(array):
    with dask.config.set({"optimization.fuse.active": False}):
        return array.compute()


PATHWAYS = {
    "compute": lambda array: array.compute(),
    "persist": lambda array: array.persist().compute(),
    "rechunk": lambda array: array.rechunk(3).compute(),
    "slice": lambda array: array[1:7, 3].compute(),
    "map_blocks": lambda array: array.map_blocks(np.negative).compute(),
    "map_overlap": lambda array: array.map_overlap(np.negative, depth=1, boundary="none").compute(),
    "reduction": lambda array: array.sum(axis=0).compute(),
    "with its source": lambda array: (array + array.T).compute(),
    "without optimization": lambda array: array.compute(optimize_graph=False),
    "delayed": lambda array: np.block([[d.compute() for d in row] for row in array.to_delayed().tolist()]),
    "blocks": lambda array: array.blocks[1, 2].compute(),
    "pickle": lambda array: pickle.loads(pickle.dumps(array)).compute(),
    "fused": lambda array: dask.optimize(array)[0].compute(),
    "unfused": _unfused,
}
EXPECTED = {
    "slice": TWICE[1:7, 3],
    "map_blocks": -TWICE,
    "map_overlap": -TWICE,
    "reduction": TWICE.sum(axis=0),
    "with its source": TWICE + TWICE.T,
    "blocks": TWICE[2:4, 4:6],
}


@pytest.mark.parametrize("pathway", PATHWAYS)
def test_each_pathway_runs(doubled, pathway):
    np.testing.assert_array_equal(PATHWAYS[pathway](doubled), EXPECTED.get(pathway, TWICE))
