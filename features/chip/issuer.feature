Feature: What the issuer makes of a chip's data
  The till is a stranger. What the card has signed is all that the issuer has, so each part of it is held to what the message asks for.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @ISS-001 @host-control
  Scenario: A cryptogram that was there before pays nothing
    Given Carol inserts her card for 10.00 CNY at "T1"
    When "T1" is made to send the 1st sale as a new one
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Carol's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @ISS-001 @host-control
  Scenario: That of a tap neither
    Given Carol taps her card for 10.00 CNY at "T1"
    When "T1" is made to send the 1st sale as a new one
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Carol's card holds 990.00 CNY

  @ISS-002 @host-control
  Scenario: A counter that has left some out still pays
    Given Carol inserts her card for 10.00 CNY at "T1"
    And somebody has Carol's chip begin 999 payments
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 970.00 CNY

  @ISS-003 @host-control
  Scenario: A counter that is a thousand payments ahead pays nothing
    Given Carol inserts her card for 10.00 CNY at "T1"
    And somebody has Carol's chip begin 1000 payments
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows SUSPECTED_FRAUD
    And Carol's card holds 990.00 CNY

  @ISS-004 @clock @host-control
  Scenario: The amount that the chip signed is the amount that is paid
    Given the line loses the 1st sale
    And Carol inserts her card for 10.00 CNY at "T1"
    When "T1" is made to send the 1st sale as a new one with amount "000000100000"
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Carol's card holds 1000.00 CNY

  @ISS-005 @host-control
  Scenario: A chip that believes by method 2 is answered by method 2
    When Vera inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the answer to the 1st sale say
      | tag | value |
      | 91  | *     |
    And Vera's card holds 990.00 CNY

  @ISS-005 @host-control
  Scenario: It hears the issuer's no by it too
    When Vera inserts her card for 2000.00 CNY at "T1"
    Then "T1" shows INSUFFICIENT_FUNDS
    And Vera's chip answered "GENERATE AC AAC" with "9000"
    And Vera's card holds 1000.00 CNY

  @ISS-005 @host-control
  Scenario: A chip that believes by method 1 is answered by method 1, and takes it
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "EXTERNAL AUTHENTICATE" with "9000"

  @ISS-006 @unionpay @host-control
  Scenario: A command that the chip did not carry out is still owed to it
    Given Carol's bank has the chip unblock the PIN
    And a shim garbles "PIN CHANGE" to Carol's chip
    And Carol inserts her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st script-result say
      | tag  | value      |
      | DF31 | 1100000001 |
    And Carol's bank has 1 command left for the chip

  @ISS-007 @host-control
  Scenario: A forger does not move the counter of the card that he forges
    Given till "T2" of "Noodle House" has signed in
    And Carol inserts her card for 10.00 CNY at "T1"
    And "T1" is made to send the 1st sale as a new one whose chip data say
      | tag  | value |
      | 9F36 | 0100  |
    When Carol inserts her card for 20.00 CNY at "T2"
    Then "T2" shows APPROVED
    And the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Carol's card holds 970.00 CNY

  @ISS-008 @clock @host-control
  Scenario: A cryptogram by which the chip has declined asks for nothing
    Given the line loses the 1st sale
    And Carol inserts her card for 10.00 CNY at "T1"
    When "T1" is made to send the 1st sale as a new one whose chip data say
      | tag  | value |
      | 9F27 | 00    |
    Then the answer to the 2nd sale carries
      | field | value |
      | code  | 59    |
    And Carol's card holds 1000.00 CNY

  @ISS-009 @host-control
  Scenario: A chip that carries another card's track pays nothing
    Given Carol's chip carries Bob's track
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows INVALID_CARD
    And the answer to the 1st sale carries
      | field | value |
      | code  | 14    |
    And Carol's card holds 1000.00 CNY
