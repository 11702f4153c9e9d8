Feature: A sale by tap
  A small amount is paid by holding the card there: no PIN, no signature.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CHP-002 @host-control
  Scenario: A small amount is paid by a tap, without a PIN
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 072   |
    And Carol's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY
