Feature: A chip hears its issuer, and nobody else
  The issuer's cryptogram and the MAC of its commands come through a stranger's till. The chip believes neither unproved.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CRD-009 @host-control
  Scenario: A wrong cryptogram of the issuer is not believed
    Given a shim garbles "EXTERNAL AUTHENTICATE" to Carol's chip
    When Carol inserts her card for 10.00 CNY at "T1"
    Then Carol's chip answered "EXTERNAL AUTHENTICATE" with "6300"
    And "T1" shows CARD_DECLINES

  @CRD-010 @host-control
  Scenario: What the issuer has not proved is not paid
    Given a shim garbles "EXTERNAL AUTHENTICATE" to Carol's chip
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And "T1" has the 1st sale as reversed
    And the chip data of the 1st reversal say
      | tag | value      |
      | 95  | 0000048040 |
    And Carol's card holds 1000.00 CNY

  @CRD-011 @host-control
  Scenario: A command with a wrong MAC is not carried out
    Given Carol's bank has the chip block the application
    And a shim garbles "APPLICATION BLOCK" to Carol's chip
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "APPLICATION BLOCK" with "6988"
    And Carol's bank has 1 command left for the chip
    And Carol's card holds 970.00 CNY

  @CRD-012 @host-control
  Scenario: A blocked application says so when it is selected
    Given Carol's bank has the chip block the application
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows CARD_BLOCKED
    And Carol's chip answered "SELECT" with "6283"

  @CRD-013 @host-control
  Scenario: A blocked application declines where nobody heeds its warning
    Given Carol's bank has the chip block the application
    And a shim hides the warnings of Carol's chip
    And Carol inserts her card for 10.00 CNY at "T1"
    And Bob has paid 5.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And no message went to the host
    And Carol's card holds 990.00 CNY

  @CRD-014 @host-control
  Scenario: An application that is unblocked pays again
    Given Carol's bank has the chip block the application
    And Carol's bank has the chip unblock the application
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "APPLICATION UNBLOCK" with "9000"
    And Carol's card holds 970.00 CNY

  @CRD-025 @host-control
  Scenario: A card that its bank has blocked pays by none of its applications
    Given Carol's card is of kind "unionpay-two"
    And Carol's bank has the chip block itself
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows CARD_BLOCKED
    And Carol's chip answered "SELECT" with "6A81"
    And Carol's card holds 990.00 CNY
