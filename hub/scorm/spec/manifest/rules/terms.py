"""Severities, remedies and standards that many rules name."""

from hub.scorm.spec.manifest.findings import Severity

DANGER, ERROR, WARNING, HINT = Severity.DANGER, Severity.ERROR, Severity.WARNING, Severity.HINT

REPACK = "Export the package again from the authoring tool, or zip its folder anew with an ordinary zip program."
EXPORT = "Export the package again from the authoring tool."
CP = "IMS Content Packaging 1.1.4 Information Model"
CAM = "SCORM 2004 4th Ed. CAM"
SN = "SCORM 2004 4th Ed. SN"
CAM_1_2 = "SCORM 1.2 CAM"
