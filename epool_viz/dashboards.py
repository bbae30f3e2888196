"""The dashboards by name; each function returns its app, which a notebook shows. Importing this loads no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epool_viz.panels.attribution.view import AttributionView
    from epool_viz.panels.compare.view import CompareView
    from epool_viz.panels.e_step.view import EStepView
    from epool_viz.panels.em.view import EMView
    from epool_viz.panels.logos.view import LogosView
    from epool_viz.panels.pwm.view import PwmView
    from epool_viz.panels.your_data.view import YourDataView


def e_step(**state: Any) -> EStepView:
    """One E-step of one kernel on one sequence, stage by stage.

    Parameters
    ----------
    **state
        Where to start: any of the names of `EStepModel.state()`, such as `jaspar="STAT3"`, `example="p73_peaks"`,
        `index=2`, `m=0.5`, `step=3`.

    Returns
    -------
    EStepView
        An ipywidgets widget; its `model` holds the state and the trace.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.e_step.view import EStepView
    from epool_viz.panels.one_kernel.model import EStepModel

    return EStepView(EStepModel.from_state(state))


def pwm(**state: Any) -> PwmView:
    """Any kernel read as a motif: its PPM, its logo, the offset, and what a score says.

    Parameters
    ----------
    **state
        Where to start: any of the names of `PwmModel.state()`, such as `kernel_source="random"`, `width=7`,
        `jaspar="STAT3"`, `example="p73_peaks"`, `m=0.5`.

    Returns
    -------
    PwmView
        An ipywidgets widget; its `model` holds the state, the trace and the readings.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.pwm.model import PwmModel
    from epool_viz.panels.pwm.view import PwmView

    return PwmView(PwmModel.from_state(state))


def compare(**state: Any) -> CompareView:
    """A race of pooling methods on the same network and the same batches.

    Parameters
    ----------
    **state
        Where to start: any of the names of `CompareModel.state()`, such as `data="simulated"`, `motif="STAT3"`,
        `methods=["max", "expectation"]`, `n_kernels=8`.

    Returns
    -------
    CompareView
        An ipywidgets widget; its `model` holds the choices and the race.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.compare.model import CompareModel
    from epool_viz.panels.compare.view import CompareView

    return CompareView(CompareModel.opened(**state))


def attribution(**state: Any) -> AttributionView:
    """Which letters made a network say so: the exact reading beside DeepLIFT, integrated gradients and saliency.

    Parameters
    ----------
    **state
        Where to start: any of the names of `AttributionModel.state()`, such as `network="two_motifs_max"`, `index=3`,
        `baseline="zeros"`, `smooth=True`, or `source="pasted"` with `pasted="ACGT..."`.

    Returns
    -------
    AttributionView
        An ipywidgets widget; its `model` holds the choices and the tracks.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.attribution.model import AttributionModel
    from epool_viz.panels.attribution.view import AttributionView

    return AttributionView(AttributionModel(**state))


def em(**state: Any) -> EMView:
    """EM from guess to motif, one E-step and one M-step at a time.

    Parameters
    ----------
    **state
        Where to start: any of the names of `EMModel.state()`, such as `data="simulated"`, `motif="STAT3"`,
        `start="trained"`, `occurrence="zoops"`, `width=12`, `at=3`.

    Returns
    -------
    EMView
        An ipywidgets widget; its `model` holds the choices and the walk.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.em.model import EMModel
    from epool_viz.panels.em.view import EMView

    return EMView(EMModel.from_state(state))


def logos(**state: Any) -> LogosView:
    """All kernels of a model as logos: exact, heuristic, posterior, and the known motifs that they resemble.

    Parameters
    ----------
    **state
        Where to start: any of the names of `LogosModel.state()`, such as `trained="p73_max"`, `m=1.5`, `place=3`,
        `rule="basset"`, `threshold=0.4`.

    Returns
    -------
    LogosView
        An ipywidgets widget; its `model` holds the choices and the readings.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.logos.model import LogosModel
    from epool_viz.panels.logos.view import LogosView

    return LogosView(LogosModel(**state))


def your_data(**state: Any) -> YourDataView:
    """Sequences and a model of your own, checked, explained, and kept in the browser for every dashboard.

    Parameters
    ----------
    **state
        Where to start: any of the names of `YourDataModel.state()`, such as `letters="TGCA"`, `flip=True`.

    Returns
    -------
    YourDataView
        An ipywidgets widget; its `model` holds what was read.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """
    from epool_viz.panels.your_data.model import YourDataModel
    from epool_viz.panels.your_data.view import YourDataView

    return YourDataView(YourDataModel(**state))
