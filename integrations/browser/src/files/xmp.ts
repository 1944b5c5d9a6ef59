/** The note in metadata that a trained network made the colours: IPTC Photo Metadata 2025.1. */

const SOURCE_TYPE =
  "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

/** Return an XMP packet that says that Photochrom made the colours. */
export function provenancePacket(version: string): string {
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">' +
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description rdf:about=""' +
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"' +
    ` Iptc4xmpExt:DigitalSourceType="${SOURCE_TYPE}"` +
    ' Iptc4xmpExt:AISystemUsed="Photochrom"' +
    ` Iptc4xmpExt:AISystemVersionUsed="${version}"/>` +
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
  );
}
