Feature: What a chip lets through without its issuer
  Card and till may agree alone on small amounts. The card keeps count, and after anything odd it wants its issuer first.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CRD-017 @host-control
  Scenario: The chip counts what it has let through, and then wants its issuer
    Given "T1" lets chips pay below 1000.00 CNY without the host
    And Nina inserts her card for 200.00 CNY at "T1"
    And Nina inserts her card for 200.00 CNY at "T1"
    When Nina inserts her card for 200.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 052   |
    And Nina's card holds 1400.00 CNY

  @CRD-018 @host-control
  Scenario: Once its issuer has approved it counts anew
    Given "T1" lets chips pay below 1000.00 CNY without the host
    And Nina inserts her card for 200.00 CNY at "T1"
    And Nina inserts her card for 200.00 CNY at "T1"
    And Nina inserts her card for 200.00 CNY at "T1"
    When Nina inserts her card for 200.00 CNY at "T1"
    Then "T1" shows SOLD_OFFLINE
    And "T1" keeps 1 offline sale for the host

  @CRD-019 @host-control
  Scenario: After a payment that never heard its issuer the next one goes there
    Given "T1" lets chips pay below 100.00 CNY without the host
    And Nina takes her card away at the 2nd "GENERATE AC"
    And Nina inserts her card for 200.00 CNY at "T1"
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And Nina's card holds 1990.00 CNY

  @CRD-020 @host-control
  Scenario: After an issuer that was not believed the next one goes there
    Given "T1" lets chips pay below 100.00 CNY without the host
    And a shim garbles "EXTERNAL AUTHENTICATE" to Nina's chip
    And Nina inserts her card for 200.00 CNY at "T1"
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And the host has the 2nd sale as reversed
    And "T1" keeps no offline sales for the host
    And Nina's card holds 2000.00 CNY

  @CRD-021 @host-control
  Scenario: After a command that was not carried out the next one goes there
    Given "T1" lets chips pay below 100.00 CNY without the host
    And Nina's bank has the chip unblock the PIN
    And a shim garbles "PIN CHANGE" to Nina's chip
    And Nina inserts her card for 200.00 CNY at "T1"
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And Nina's card holds 1790.00 CNY
